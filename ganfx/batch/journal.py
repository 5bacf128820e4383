"""The journal beside the results: what was made from what, and which process is making what now.

A result is recorded just before it is moved to its place, so that a crash never leaves an unrecorded one.
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
from ganfx.batch.fingerprints import FileFingerprint
from ganfx.batch.owners import Owner
from ganfx.batch.records import NAME, Records, begin, checked, connect, real, translated
from ganfx.errors import OutputError

__all__ = ["NAME", "Claim", "Journal"]

_SETTLE = """INSERT OR REPLACE INTO made
SELECT target, source, source_size, source_mtime, source_digest, recipe, size, mtime, digest FROM claims
WHERE target = ? AND digest NOT NULL"""


class Journal(Records):
    """The journal of the results in `folder`, a context manager. Safe for several threads and processes.

    Opening it removes unfinished files of crashed runs and records the files that they had finished. A damaged journal
    is set aside and begun anew. notes: what was wrong with the journal found. Raises OutputError, here and in every
    method, where it cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.notes: tuple[str, ...] = ()
        with translated(real(folder)):
            super().__init__(folder, self._open(real(folder) / NAME))
        self._owner = Owner.new()
        self._held: set[bytes] = set()
        # Claims to settle in the next transaction: each transaction waits for the disk.
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
        """Claim `target`, to be made from `source` by `recipe`; None while a running process claims it.

        A claim whose process ended is taken over. Raises UnreadableError where `source` cannot be read.
        """
        key, found, owner = self._key(target), FileFingerprint.of(source), self._owner
        claim = Claim(self, target)
        origin = (self._key(source), found.size_bytes, found.mtime_ns, found.digest, recipe)
        with self._writing():
            if not self._is_free(key):
                return None
            self._connection.execute(
                "INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, NULL, ?, ?, ?, ?, ?, ?)",
                (key, *origin, claim.token, time.time(), owner.host, owner.pid, owner.since, owner.token),
            )
        self._held.add(key)
        return claim

    def _is_free(self, key: bytes) -> bool:
        """Whether no running process claims `key`; settles the claim of one that ended. Call in a transaction."""
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
        """Delete the claim on `key`, and record its result if there is one. Call in a transaction."""
        target = self._place(key)
        claimed = self._known("target = ?", key)[:1]
        if claimed and claimed[0].fingerprint.fits(target):
            self._connection.execute(_SETTLE, [key])
        self._connection.execute("DELETE FROM claims WHERE target = ?", [key])

    def _note(self, target: Path, fingerprint: FileFingerprint) -> None:
        with self._writing():
            self._connection.execute(
                "UPDATE claims SET size = ?, mtime = ?, digest = ? WHERE target = ?",
                (fingerprint.size_bytes, fingerprint.mtime_ns, fingerprint.digest, self._key(target)),
            )

    def _release(self, target: Path, *, finished: bool) -> None:
        key = self._key(target)
        self._held.discard(key)
        self._finished.add(key)
        if not finished:
            self.settle()

    def settle(self) -> None:
        """Settle the finished claims now instead of with the next claim."""
        if not self._finished:
            return
        # Where that fails, the next run settles them.
        with contextlib.suppress(OutputError), self._writing():
            pass

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """A write transaction, which settles the finished claims first."""
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
        """Settle the finished claims and close the database."""
        self.settle()
        self._owner.release()
        super().close()

    def __enter__(self) -> Journal:
        return self


class Claim:
    """The right to make one file, a context manager; leaving it without `finish` withdraws it.

    token: part of the name of the unfinished file, see `ganfx.atomic.CommitHook`.
    """

    def __init__(self, journal: Journal, target: Path) -> None:
        self.target, self.token = target, new_token()
        self._journal = journal
        self._finished = False

    def about_to_appear(self, part: Path) -> None:
        """Record the contents of `part`, which is complete and on the disk. Raises OutputError."""
        self._journal._note(self.target, FileFingerprint.of(part))

    def finish(self) -> None:
        """Mark the file as being in its place."""
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
