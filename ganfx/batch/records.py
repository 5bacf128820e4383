"""Reading journals: which result was made from which picture, and how."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

from ganfx.atomic import disk_full, reason_of
from ganfx.batch.database import Database, ForeignError, TableLayout, open_own
from ganfx.batch.fingerprints import FileFingerprint, ResultRecord
from ganfx.batch.homes import NAME, FolderIndex, Home, is_own
from ganfx.batch.leftovers import is_inside
from ganfx.batch.patience import Patience
from ganfx.batch.seals import Seal
from ganfx.errors import OutputError, UnreadableError
from ganfx.paths import state_dir

# Paths are bytes, since not every file name is valid text.
RESULT = "target, source, source_size, source_mtime, source_digest, recipe, size, mtime, digest"
CLAIM = f"{RESULT}, mark, claimed, host, pid, since, token"
_COLUMNS = """target BLOB PRIMARY KEY, source BLOB, source_size INTEGER, source_mtime INTEGER, source_digest TEXT,
recipe TEXT, size INTEGER, mtime INTEGER, digest TEXT"""
_CLAIM_COLUMNS = f"{_COLUMNS}, mark TEXT, claimed REAL, host TEXT, pid INTEGER, since REAL, token TEXT"
LAYOUT = TableLayout(
    "journal",
    2,
    (
        f"CREATE TABLE made ({_COLUMNS}, seal TEXT) WITHOUT ROWID",
        "CREATE INDEX made_by_size ON made (size)",
        f"CREATE TABLE claims ({_CLAIM_COLUMNS}, seal TEXT)",
    ),
)
_TYPES: dict[str, Any] = {"BLOB": bytes, "INTEGER": int, "REAL": float, "TEXT": str}


def _kinds(columns: str, optional: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """The types of the values in `columns`; those in the columns `optional` may be None."""
    named = [column.split()[:2] for column in columns.split(",")]
    return tuple(_TYPES[kind] | None if name in optional else _TYPES[kind] for name, kind in named)


# A claim has no result at first.
_KINDS = {"made": _kinds(_COLUMNS), "claims": _kinds(_CLAIM_COLUMNS, ("size", "mtime", "digest"))}


class Records:
    """The results in `folder`, a path without links, that `database` records.

    Safe for several threads, and while other processes write. Rows that this installation did not seal count as absent.
    Every method raises OutputError where the database cannot be read.
    """

    def __init__(self, folder: Path, database: Database, seal: Seal) -> None:
        self.folder, self.path = folder, database.path
        self._database, self._seal, self._lock = database, seal, threading.RLock()

    def made(self, target: Path) -> ResultRecord | None:
        """The record of the file at `target`; where that file was replaced since, of the last result made there."""
        key = self._key(target)
        found = [] if key is None else self._known("target = ?", key)
        return next((made for made in found if made.fingerprint.fits(target)), found[-1] if found else None)

    def is_current(self, source: Path, target: Path, recipe: str) -> bool:
        """Whether `target` exists unchanged, and was made by `recipe` from the bytes that `source` has now."""
        made = self.made(target)
        if made is None or made.recipe != recipe or not made.fingerprint.fits(target):
            return False
        return made.source_fingerprint.fits(source, trust_time=made.source == real(source))

    def origin(self, path: Path) -> ResultRecord | None:
        """The record of this file even if it was moved or renamed since; None where ganfx did not make it."""
        try:
            size = path.stat().st_size
        except OSError:
            return None
        here, known = real(path), self._known("size = ?", size)
        if found := next((made for made in known if made.target == here and made.fingerprint.fits(path)), None):
            return found
        # A result with the bytes of its source is recognized only at its own path: elsewhere it may be the source.
        distinct = [made for made in known if made.fingerprint.digest != made.source_fingerprint.digest]
        digest = _digest_of(path) if distinct else None
        return next((made for made in distinct if made.fingerprint.digest == digest), None)

    def _known(self, where: str, value: object) -> list[ResultRecord]:
        # A claim with a digest is as good as a result: its file was complete, and is moved to its place next.
        claims = self._sealed("claims", CLAIM, f"{where} AND digest NOT NULL", value)
        return [self._made(row) for row in (*claims, *self._sealed("made", RESULT, where, value))]

    def _sealed(self, table: str, columns: str, where: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of `table` that this installation wrote."""
        with self._lock, translated(self.path):
            rows = self._database.rows(f"SELECT {columns}, seal FROM {table} WHERE {where}", values)
        return [row[:-1] for row in rows if self._believes(table, row[:-1], row[-1])]

    def _believes(self, table: str, row: Sequence[Any], seal: object) -> bool:
        """Whether this installation wrote `row`, about a file inside the folder."""
        return (
            self._seal.fits(seal, table, *row)
            and all(isinstance(value, kind) for value, kind in zip(row, _KINDS[table], strict=True))
            and is_inside(PurePosixPath(os.fsdecode(row[0])))
        )

    def _made(self, row: tuple[Any, ...]) -> ResultRecord:
        target, source, source_size, source_mtime, source_digest, recipe, *fingerprint = row[:9]
        source_fingerprint = FileFingerprint(source_size, source_mtime, source_digest)
        return ResultRecord(
            self._place(target), self._place(source), source_fingerprint, recipe, FileFingerprint(*fingerprint)
        )

    def _key(self, path: Path) -> bytes | None:
        """`path` as it is stored, relative to the folder, which may be moved; None where it is not inside."""
        path = real(path)
        return os.fsencode(path.relative_to(self.folder).as_posix()) if path.is_relative_to(self.folder) else None

    def _place(self, key: bytes) -> Path:
        return self.folder / os.fsdecode(key)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Lookup:
    """Finds the records of folders without writing any; a context manager that closes what it opened itself.

    patience: with other processes that write them.
    """

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._seal = Seal.found()
        self._index = FolderIndex(self._seal, self._patience) if self._seal else None

    def of(self, home: Home) -> Records | None:
        """The records of the results in `home`, to be closed; None where there are none that can be read."""
        return next(self.all(home.folder), None)

    def all(self, folder: Path) -> Iterator[Records]:
        """The records in `folder` if that is the user's own, then those on it in the state folder. Raises HeldError."""
        folder = followed(folder)
        if is_own(folder) and (found := self._open(folder, folder / NAME)):
            yield found
        with contextlib.suppress(sqlite3.Error):
            kept = self._index.find(folder) if self._index else None
            if kept and (found := self._open(folder, kept)):
                yield found

    def _open(self, folder: Path, path: Path) -> Records | None:
        if self._seal is None:
            return None
        with contextlib.suppress(OSError, ForeignError, sqlite3.Error):
            try:
                database = open_own(path, "ro", LAYOUT, self._seal, self._patience)
            except sqlite3.OperationalError:
                # After a crash, SQLite must roll a transaction back before it can read: that needs write access.
                database = open_own(path, "rw", LAYOUT, self._seal, self._patience)
            return Records(folder, database, self._seal)
        return None

    def __enter__(self) -> Lookup:
        return self

    def __exit__(self, *error: object) -> None:
        if self._index:
            self._index.close()


def _digest_of(path: Path) -> str | None:
    try:
        return FileFingerprint.of(path).digest
    except UnreadableError:
        return None


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise errors of the database at `path`, or of those in the folder `path`, as OutputError or DiskFullError."""
    try:
        yield
    except ForeignError as error:
        hint = "move it away, or choose another folder with -o"
        raise OutputError(f"the journal {path} was written by somebody else", hint=hint) from error
    except (sqlite3.Error, OSError) as error:
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        if full or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(path.parent) from error
        remedy = "set GANFX_STATE to another folder" if path.is_relative_to(state_dir()) else "choose another -o"
        hint = f"may you write there? Otherwise {remedy}"
        raise OutputError(f"the journal {path} cannot be used: {reason_of(error)}", hint=hint) from error


def followed(path: Path) -> Path:
    """`path` with all links resolved, as far as that can be done; a link to itself stays."""
    try:
        return Path(os.path.realpath(path))
    except OSError:
        # It was exchanged at this very moment.
        return path.absolute()


def real(path: Path) -> Path:
    """`path` with links in its folder resolved; a link at `path` itself is kept."""
    return followed(path.parent) / path.name if path.name else followed(path)
