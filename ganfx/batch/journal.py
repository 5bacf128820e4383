"""The journal beside the results: what was made of what, and who is making what at the moment.

A result is known from just before it takes its place, so that no crash leaves one behind that nobody knows.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from ganfx.atomic import new_token, part_of
from ganfx.batch.fingerprints import FileFingerprint, Made
from ganfx.batch.owners import Owner
from ganfx.batch.records import NAME, Records, begin, checked, connect, real, translated
from ganfx.errors import OutputError

__all__ = ["NAME", "Claim", "FileFingerprint", "Journal", "Made"]

_SETTLE = """INSERT OR REPLACE INTO made
SELECT target, source, source_size, source_mtime, source_digest, recipe, size, mtime, digest FROM claims
WHERE target = ? AND digest NOT NULL"""


class Journal(Records):
    """The journal of the results in `folder`, a context manager; for several threads and processes at once.

    What runs that died left unfinished is cleared away, and what they had finished is taken over. notes say what was
    wrong with the journal found. Raises OutputError, here and in every method, where it cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.notes: tuple[str, ...] = ()
        with translated(real(folder)):
            super().__init__(folder, self._open(real(folder) / NAME))
        self._owner = Owner.new()
        self._held: set[bytes] = set()
        # Settled with the next claim: each transaction waits for the disk.
        self._finished: set[bytes] = set()
        self._recover()

    def _open(self, path: Path) -> sqlite3.Connection:
        try:
            connection = checked(connect(path, "rwc"))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self.notes = (f"{path} was damaged: kept as {_set_aside(path).name}, and begun anew",)
            connection = connect(path, "rwc")
        connection.execute("PRAGMA synchronous = FULL")
        begin(connection)
        return connection

    def _recover(self) -> None:
        with self._lock, translated(self.folder):
            found = self._connection.execute("SELECT target FROM claims").fetchall()
        if found:
            with self._writing():
                for (key,) in found:
                    self._is_free(key)

    def claim(self, source: Path, target: Path, recipe: str) -> Claim | None:
        """The right to make `target` of `source` by `recipe`; None while somebody alive has it.

        A claim whose owner died is taken over. Raises UnreadableError where `source` cannot be read.
        """
        key, stamp, owner = self._key(target), FileFingerprint.of(source), self._owner
        claim = Claim(self, target)
        made_of = (self._key(source), stamp.size_bytes, stamp.mtime_ns, stamp.digest, recipe)
        with self._writing():
            if not self._is_free(key):
                return None
            self._connection.execute(
                "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, NULL, ?, ?, ?, ?, ?, ?)",
                (key, *made_of, claim.token, time.time(), owner.host, owner.pid, owner.since, owner.token),
            )
        self._held.add(key)
        return claim

    def _is_free(self, key: bytes) -> bool:
        """Whether nobody alive claims `key`; within a transaction that clears away what the dead left of it."""
        row = self._connection.execute(
            "SELECT mark, claimed, host, pid, since, token FROM claims WHERE target = ?", [key]
        ).fetchone()
        if row is None:
            return True
        mark, claimed, *owner = row
        if key in self._held or (owner[-1] != self._owner.token and Owner(*owner).lives(claimed)):
            return False
        with contextlib.suppress(OSError):
            part_of(self._place(key), mark).unlink()
        self._settle(key)
        return True

    def _settle(self, key: bytes) -> None:
        """Turn the claim on `key` into a result if it came to one, within a transaction."""
        target = self._place(key)
        claimed = self._known("target = ?", key)[:1]
        if claimed and claimed[0].stamp.fits(target):
            self._connection.execute(_SETTLE, [key])
        self._connection.execute("DELETE FROM claims WHERE target = ?", [key])

    def _note(self, target: Path, stamp: FileFingerprint) -> None:
        with self._writing():
            self._connection.execute(
                "UPDATE claims SET size = ?, mtime = ?, digest = ? WHERE target = ?",
                (stamp.size_bytes, stamp.mtime_ns, stamp.digest, self._key(target)),
            )

    def _release(self, target: Path, *, finished: bool) -> None:
        key = self._key(target)
        self._held.discard(key)
        self._finished.add(key)
        if not finished:
            self.settle()

    def settle(self) -> None:
        """Give up the claims on what is finished, which the next claim would do."""
        if not self._finished:
            return
        # What cannot be written now, the next run finds out by itself.
        with contextlib.suppress(OutputError), self._writing():
            pass

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction, which settles the claims that are done with too."""
        with self._lock, translated(self.folder):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                done = set(self._finished)
                for key in done:
                    self._settle(key)
                yield
                self._connection.execute("COMMIT")
                self._finished -= done
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Settle what is finished and let go of the database."""
        self.settle()
        self._owner.release()
        super().close()

    def __enter__(self) -> Journal:
        return self


class Claim:
    """The right to make one file, a context manager; left without `finish`, it is withdrawn.

    token marks the unfinished file, as `ganfx.atomic.CommitHook` says.
    """

    def __init__(self, journal: Journal, target: Path) -> None:
        self.target, self.token = target, new_token()
        self._journal = journal
        self._finished = False

    def about_to_appear(self, part: Path) -> None:
        """Note what `part`, whole and on the disk, holds. Raises OutputError."""
        self._journal._note(self.target, FileFingerprint.of(part))

    def finish(self) -> None:
        """The file is in its place."""
        self._finished = True

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._journal._release(self.target, finished=self._finished)


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{new_token()}")
    for tail in ("", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{tail}", f"{aside}{tail}")
    return aside
