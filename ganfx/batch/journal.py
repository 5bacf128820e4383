"""The journal of a folder: what was made there from what, and which process is making what now.

A result is recorded just before it is moved to its place, so that a crash never leaves an unrecorded one.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ganfx.atomic import new_token
from ganfx.batch.fingerprints import FileFingerprint
from ganfx.batch.homes import NAME, Home
from ganfx.batch.leftovers import remove_part
from ganfx.batch.opening import open_journal
from ganfx.batch.owners import Owner
from ganfx.batch.patience import Patience
from ganfx.batch.records import CLAIM, RESULT, Records, followed, real, translated
from ganfx.batch.seals import Seal
from ganfx.errors import OutputError

__all__ = ["NAME", "Claim", "Journal"]

_RESULTS, _CLAIMS = (len(columns.split(",")) for columns in (RESULT, CLAIM))


class Journal(Records):
    """The journal of the results in `home`, a context manager. Safe for several threads and processes.

    Opening it removes unfinished files of crashed runs and records the files that they had finished. A damaged journal
    is set aside and begun anew.

    patience: with other processes that use it.
    notes: what was wrong with the journal found.

    Raises OutputError, here and in every method, where it cannot be read or written; HeldError where another process
    holds it for too long.
    """

    def __init__(self, home: Home, patience: Patience | None = None) -> None:
        seal, folder = Seal.own(), followed(home.folder)
        database, self.notes = open_journal(folder, home.beside, seal, patience or Patience())
        super().__init__(folder, database, seal)
        self._owner = Owner.new()
        self._held: set[bytes] = set()
        # Claims to settle in the next transaction: each transaction waits for the disk.
        self._finished: set[bytes] = set()
        self._recover()

    def _recover(self) -> None:
        with self._lock, translated(self.path):
            rows = self._database.rows(f"SELECT {CLAIM}, seal, rowid FROM claims")
        if rows:
            with self._writing():
                for *row, seal, number in rows:
                    if self._believes("claims", row, seal):
                        self._is_free(row[0])
                    else:
                        self._database.rows("DELETE FROM claims WHERE rowid = ?", [number])

    def claim(self, source: Path, target: Path, recipe: str) -> Claim | None:
        """Claim `target`, to be made from `source` by `recipe`; None while a running process claims it.

        A claim whose process ended is taken over. Raises UnreadableError where `source` cannot be read.
        """
        key, found, owner = self._own_key(target), FileFingerprint.of(source), self._owner
        origin = (self._source_key(source), found.size_bytes, found.mtime_ns, found.digest, recipe)
        mark, now = new_token(), time.time()
        row = (key, *origin, None, None, None, mark, now, owner.host, owner.pid, owner.start, owner.token)
        with self._writing():
            if not self._is_free(key):
                return None
            self._put("claims", row)
        self._held.add(key)
        return Claim(self, target, row)

    def holder(self, target: Path) -> Owner | None:
        """Who claims `target`; None where nobody does."""
        row = self._claimed(self._own_key(target))
        return Owner(*row[-4:]) if row else None

    def _claimed(self, key: bytes) -> tuple[Any, ...] | None:
        return next(iter(self._sealed("claims", CLAIM, "target = ?", key)), None)

    def _put(self, table: str, row: tuple[Any, ...]) -> None:
        values = (*row, self._seal.of(table, *row))
        self._database.rows(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(values))})", values)

    def _is_free(self, key: bytes) -> bool:
        """Whether no running process claims `key`; settles the claim of one that ended. Call in a transaction."""
        row = self._claimed(key)
        if row is None:
            return True
        mark, claimed, *owner = row[-6:]
        if key in self._held or (owner[-1] != self._owner.token and Owner(*owner).lives(claimed)):
            return False
        remove_part(self.folder, key, mark)
        self._settle(key)
        return True

    def _settle(self, key: bytes) -> None:
        """Delete the claim on `key`, and record its result if there is one. Call in a transaction."""
        row = self._claimed(key)
        if row and row[_RESULTS - 1] is not None and self._made(row).fingerprint.fits(self._place(key)):
            self._put("made", row[:_RESULTS])
        self._database.rows("DELETE FROM claims WHERE target = ?", [key])

    def _note(self, row: tuple[Any, ...], fingerprint: FileFingerprint) -> None:
        result = (fingerprint.size_bytes, fingerprint.mtime_ns, fingerprint.digest)
        with self._writing():
            self._put("claims", (*row[: _RESULTS - len(result)], *result, *row[_RESULTS:]))

    def _release(self, target: Path, *, finished: bool) -> None:
        key = self._own_key(target)
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
        with self._lock, translated(self.path):
            with self._database.transaction():
                done = set(self._finished)
                for key in done:
                    self._settle(key)
                yield
            self._finished -= done

    def _own_key(self, target: Path) -> bytes:
        key = self._key(target)
        if key is None:
            where = f"{target} leads out of {self.folder} by a link"
            raise OutputError(where, hint="name the folder that the link leads to with -o")
        return key

    def _source_key(self, source: Path) -> bytes:
        return self._key(source) or os.fsencode(real(source).as_posix())

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

    def __init__(self, journal: Journal, target: Path, row: tuple[Any, ...]) -> None:
        self.target, self.token = target, str(row[_RESULTS])
        self._journal, self._row = journal, row
        self._finished = False

    def about_to_appear(self, part: Path) -> None:
        """Record the contents of `part`, which is complete and on the disk. Raises OutputError."""
        self._journal._note(self._row, FileFingerprint.of(part))

    def finish(self) -> None:
        """Mark the file as being in its place."""
        self._finished = True

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._journal._release(self.target, finished=self._finished)
