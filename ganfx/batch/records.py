"""Reading the database beside the results: which result was made from which picture, and how."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ganfx.batch.fingerprints import FileFingerprint, ResultRecord
from ganfx.errors import DiskFullError, OutputError, UnreadableError

NAME = ".ganfx.sqlite"
FORMAT = 1
_BUSY_S = 60.0

# Paths are bytes, since not every file name is valid text. A claim with a digest is as good as a result: its file was
# complete, and is moved to its place next.
_RESULT = "target, source, source_size, source_mtime, source_digest, recipe, size, mtime, digest"
_COLUMNS = """
    target BLOB PRIMARY KEY, source BLOB, source_size INTEGER, source_mtime INTEGER, source_digest TEXT, recipe TEXT,
    size INTEGER, mtime INTEGER, digest TEXT"""
_SCHEMA = (
    f"CREATE TABLE made ({_COLUMNS}) WITHOUT ROWID",
    "CREATE INDEX made_by_size ON made (size)",
    f"CREATE TABLE claims ({_COLUMNS}, mark TEXT, claimed REAL, host TEXT, pid INTEGER, since REAL, token TEXT)",
    f"CREATE VIEW known AS SELECT {_RESULT} FROM claims WHERE digest NOT NULL UNION ALL SELECT {_RESULT} FROM made",
    f"PRAGMA user_version = {FORMAT}",
)


class Records:
    """The results recorded in `folder`. Safe for several threads, and while other processes write.

    Every method raises OutputError where the database cannot be read.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder, self.path = real(folder), real(folder) / NAME
        self._connection, self._lock = connection, threading.RLock()

    def made(self, target: Path) -> ResultRecord | None:
        """The record of the file at `target`; where that file was replaced since, of the last result made there."""
        found = self._known("target = ?", self._key(target))
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
        here, known = self._place(self._key(path)), self._known("size = ?", size)
        if found := next((made for made in known if made.target == here and made.fingerprint.fits(path)), None):
            return found
        # A result with the bytes of its source is recognized only at its own path: elsewhere it may be the source.
        distinct = [made for made in known if made.fingerprint.digest != made.source_fingerprint.digest]
        digest = _digest_of(path) if distinct else None
        return next((made for made in distinct if made.fingerprint.digest == digest), None)

    def _known(self, where: str, value: object) -> list[ResultRecord]:
        with self._lock, translated(self.folder):
            rows = self._connection.execute(f"SELECT {_RESULT} FROM known WHERE {where}", [value]).fetchall()
        return [self._made(row) for row in rows]

    def _made(self, row: tuple[Any, ...]) -> ResultRecord:
        target, source, source_size, source_mtime, source_digest, recipe, *fingerprint = row
        source_fingerprint = FileFingerprint(source_size, source_mtime, source_digest)
        return ResultRecord(
            self._place(target), self._place(source), source_fingerprint, recipe, FileFingerprint(*fingerprint)
        )

    def _key(self, path: Path) -> bytes:
        """`path` as it is stored: relative where it is inside the folder, so that the folder can be moved."""
        path = real(path)
        inside = path.is_relative_to(self.folder)
        return os.fsencode((path.relative_to(self.folder) if inside else path).as_posix())

    def _place(self, key: bytes) -> Path:
        return self.folder / os.fsdecode(key)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _digest_of(path: Path) -> str | None:
    try:
        return FileFingerprint.of(path).digest
    except UnreadableError:
        return None


def peek(folder: Path) -> Records | None:
    """The results recorded in `folder`; None where there is no journal, or none that can be read."""
    path = real(folder) / NAME
    # After a crash, SQLite must roll a transaction back before it can read: that needs write access.
    for mode in ("rw", "ro") if path.is_file() else ():
        with contextlib.suppress(sqlite3.Error):
            return Records(folder, checked(connect(path, mode)))
    return None


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """The database at `path`; `mode` is ro (read), rw (write) or rwc (create where missing). Raises sqlite3.Error."""
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )


def checked(connection: sqlite3.Connection) -> sqlite3.Connection:
    """`connection`, once it is checked; it is closed on errors.

    Raises sqlite3.DatabaseError for a damaged database, OutputError for one written by a newer ganfx.
    """
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise OutputError(f"{NAME} was written by a newer ganfx", hint="update ganfx, or choose another folder")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except BaseException:
        connection.close()
        raise
    return connection


def begin(connection: sqlite3.Connection) -> None:
    """Create the tables where they are missing."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for statement in () if version else _SCHEMA:
        connection.execute(statement)
    connection.execute("COMMIT")


@contextlib.contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Raise errors of the database in `folder` as OutputError or DiskFullError."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            hint = f"make free space in {folder}, then run it again"
            raise DiskFullError(f"{folder / NAME} cannot be written: no space left on device", hint=hint) from error
        hint = "may you write there? Otherwise choose a folder on another disk with -o"
        raise OutputError(f"the journal {folder / NAME} cannot be used: {error}", hint=hint) from error


def real(path: Path) -> Path:
    """`path` with links in its folder resolved; a link at `path` itself is kept."""
    return Path(os.path.realpath(path.parent)) / path.name if path.name else Path(os.path.realpath(path))
