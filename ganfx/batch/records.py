"""What was made of what: the database beside the results, as far as it is read."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ganfx.batch.fingerprints import FileFingerprint, Made
from ganfx.errors import DiskFullError, OutputError, UnreadableError

NAME = ".ganfx.sqlite"
FORMAT = 1
_BUSY_S = 60.0

# Names are bytes: not every file's name is text. A claim whose stamp is noted tells as much as a result.
_RESULT = "target, source, source_size, source_mtime, source_digest, recipe, size, mtime, digest"
_COLUMNS = """
    target BLOB PRIMARY KEY, source BLOB, source_size INTEGER, source_mtime INTEGER, source_digest TEXT, recipe TEXT,
    size INTEGER, mtime INTEGER, digest TEXT"""
_SCHEMA = (
    f"CREATE TABLE made ({_COLUMNS}) WITHOUT ROWID",
    "CREATE INDEX made_by_source ON made (source)",
    "CREATE INDEX made_by_size ON made (size)",
    f"CREATE TABLE claims ({_COLUMNS}, mark TEXT, claimed REAL, host TEXT, pid INTEGER, since REAL, token TEXT)",
    f"CREATE VIEW known AS SELECT {_RESULT} FROM claims WHERE digest NOT NULL UNION ALL SELECT {_RESULT} FROM made",
    f"PRAGMA user_version = {FORMAT}",
)


class Records:
    """The results known in `folder`, to be asked; for several threads, while others write.

    Every method raises OutputError where the database cannot be read.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder, self.path = real(folder), real(folder) / NAME
        self._connection, self._lock = connection, threading.RLock()

    def made(self, target: Path) -> Made | None:
        """How the file at `target` was made or, where that is another by now, what was made there last."""
        found = self._known("target = ?", self._key(target))
        return next((made for made in found if made.stamp.fits(target)), found[-1] if found else None)

    def is_current(self, source: Path, target: Path, recipe: str) -> bool:
        """Whether `target` is there as it was made, from the bytes that `source` has now, by `recipe`."""
        made = self.made(target)
        if made is None or made.recipe != recipe or not made.stamp.fits(target):
            return False
        return made.source_stamp.fits(source, trust_time=made.source == real(source))

    def origin(self, path: Path) -> Made | None:
        """How this very file was made, wherever it was moved to; None where ganfx did not make it."""
        try:
            size = path.stat().st_size
        except OSError:
            return None
        here, known = self._place(self._key(path)), self._known("size = ?", size)
        if found := next((made for made in known if made.target == here and made.stamp.fits(path)), None):
            return found
        # A copy of its source says nothing, except at its own place.
        telling = [made for made in known if made.stamp.digest != made.source_stamp.digest]
        digest = _digest_of(path) if telling else None
        return next((made for made in telling if made.stamp.digest == digest), None)

    def is_own(self, path: Path) -> bool:
        """Whether ganfx made this very file, so that it is no input of a later run."""
        return self.origin(path) is not None

    def last_of(self, source: Path) -> Made | None:
        """What was last made of `source`, even if the result was moved away since."""
        return max(self._known("source = ?", self._key(source)), key=lambda made: made.stamp.mtime_ns, default=None)

    def _known(self, where: str, value: object) -> list[Made]:
        with self._lock, translated(self.folder):
            rows = self._connection.execute(f"SELECT {_RESULT} FROM known WHERE {where}", [value]).fetchall()
        return [self._made(row) for row in rows]

    def _made(self, row: tuple[Any, ...]) -> Made:
        target, source, source_size, source_mtime, source_digest, recipe, *stamp = row
        source_stamp = FileFingerprint(source_size, source_mtime, source_digest)
        return Made(self._place(target), self._place(source), source_stamp, recipe, FileFingerprint(*stamp))

    def _key(self, path: Path) -> bytes:
        """`path` as it is stored: relative where it lies within the folder, so that all may be moved together."""
        path = real(path)
        inside = path.is_relative_to(self.folder)
        return os.fsencode((path.relative_to(self.folder) if inside else path).as_posix())

    def _place(self, key: bytes) -> Path:
        return self.folder / os.fsdecode(key)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _digest_of(path: Path) -> str | None:
    try:
        return FileFingerprint.of(path).digest
    except UnreadableError:
        return None


def peek(folder: Path) -> Records | None:
    """The results known in `folder`; None where nothing is, or nothing that can be read."""
    path = real(folder) / NAME
    # To read what a crash left behind may take a little writing.
    for mode in ("rw", "ro") if path.is_file() else ():
        with contextlib.suppress(sqlite3.Error):
            return Records(folder, checked(connect(path, mode)))
    return None


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """The database at `path`, opened to be read (ro), written (rw), or begun (rwc). Raises sqlite3.Error."""
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )


def checked(connection: sqlite3.Connection) -> sqlite3.Connection:
    """`connection`, where it is sound and of this format. Raises sqlite3.DatabaseError for damage and OutputError."""
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
    """Make the tables where they are not there yet."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for statement in () if version else _SCHEMA:
        connection.execute(statement)
    connection.execute("COMMIT")


@contextlib.contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turns what goes wrong with the database in `folder` into OutputError or DiskFullError."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            hint = f"make free space in {folder}, then run it again"
            raise DiskFullError(f"{folder / NAME} cannot be written: no space left on device", hint=hint) from error
        hint = "may you write there? Otherwise choose a folder on another disk with -o"
        raise OutputError(f"the journal {folder / NAME} cannot be used: {error}", hint=hint) from error


def real(path: Path) -> Path:
    """`path` with all links resolved but one that it is itself."""
    return Path(os.path.realpath(path.parent)) / path.name if path.name else Path(os.path.realpath(path))
