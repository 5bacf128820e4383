"""SQLite files that strangers may have written: looked at before they are opened, and believed only if sealed."""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx.batch.owners import is_plain
from ganfx.batch.patience import Patience
from ganfx.batch.processes import describe_holder
from ganfx.batch.seals import Seal

# "gnfx", in the header of each database that ganfx makes.
_APPLICATION = 0x676E6678
_HEADER_BYTES, _MAGIC = 100, b"SQLite format 3\0"
# How a rollback journal begins: its magic, the pages that the database had, and the bytes of a page. It ends with the
# magic, too, where it names a super-journal, which SQLite would delete; ganfx never writes one of those.
_ROLLBACK_MAGIC = bytes.fromhex("d9d505f920a163d7")
_ROLLBACK = struct.Struct(">8s8xI4xI")
# Seconds after which a single statement is given up, and how many of SQLite's steps are between looks at the clock.
_LONGEST_S, _STEPS = 30.0, 10_000
# Seconds for which a lock is always waited for: each transaction of a healthy process takes much less.
_TRANSACTION_S = 2.0
_ABOUT = "CREATE TABLE about (kind TEXT, seal TEXT)"
# The files open in this process, by device and inode: when a process closes a file by whatever handle, it loses all its
# locks on that file, and with them those of its databases.
_open: Counter[tuple[int, int]] = Counter()
_opening = threading.Lock()


class ForeignError(Exception):
    """The file was not written by this installation of ganfx, or not by this version."""


@dataclass(frozen=True)
class TableLayout:
    """What a database of ganfx holds.

    kind: tells it from other databases of ganfx.
    version: increased when tables change.
    tables: the statements that create them.
    """

    kind: str
    version: int
    tables: tuple[str, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """All that create the database."""
        return (_ABOUT, *self.tables)


class Database:
    """An open database, in which each statement waits for other processes as `patience` says.

    The constructor raises what `open_own` does; methods raise sqlite3.Error, and HeldError where another process holds
    it for too long.
    """

    def __init__(self, path: Path, mode: str, patience: Patience, *, new: bool = False) -> None:
        self.path, self._patience = path, patience
        self._deadline = 0.0
        with _opening:
            self._identity = _prepare(path, new=new)
            self._connection = sqlite3.connect(
                f"{path.as_uri()}?mode={mode}", uri=True, timeout=0, isolation_level=None, check_same_thread=False
            )
            _open[self._identity] += 1
        self._connection.text_factory = lambda text: text.decode("utf-8", "replace")
        self._connection.set_progress_handler(lambda: time.monotonic() > self._deadline, _STEPS)
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._connection.execute("PRAGMA cell_size_check = ON")
        self._connection.execute(f"PRAGMA query_only = {'ON' if mode == 'ro' else 'OFF'}")

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """The rows that `statement` gives, a list of tuples; it may also write."""
        began = time.monotonic()
        while True:
            self._deadline = time.monotonic() + _LONGEST_S
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
            holder = functools.partial(describe_holder, self.path)
            self._patience.wait(began, str(self.path), holder, least_s=_TRANSACTION_S)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that writes, undone where the block raises."""
        self.rows("BEGIN IMMEDIATE")
        self._patience.got(str(self.path))
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close it; an open transaction is rolled back."""
        with _opening:
            self._connection.close()
            _open[self._identity] -= 1


def open_own(path: Path, mode: str, layout: TableLayout, seal: Seal, patience: Patience) -> Database:
    """The database at `path`, which ganfx made; `mode` is ro (read) or rw (write).

    Raises FileNotFoundError where there is none, or none that was ever finished; ForeignError where somebody else made
    it; sqlite3.Error where it is damaged or cannot be opened.
    """
    database = Database(path, mode, patience)
    try:
        _check(database, layout, seal)
        ((verdict,),) = database.rows("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except BaseException:
        database.close()
        raise
    return database


def create(path: Path, layout: TableLayout, seal: Seal, patience: Patience) -> Database:
    """A new database at `path`, or the one that another process creates there just now; see `open_own` for errors."""
    database = Database(path, "rw", patience, new=True)
    try:
        with database.transaction():
            if not database.rows("SELECT 1 FROM sqlite_master LIMIT 1"):
                for statement in layout.statements:
                    database.rows(statement)
                database.rows("INSERT INTO about VALUES (?, ?)", (layout.kind, seal.of("about", layout.kind)))
                database.rows(f"PRAGMA application_id = {_APPLICATION}")
                database.rows(f"PRAGMA user_version = {layout.version}")
        _check(database, layout, seal)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(path: Path, *, new: bool) -> tuple[int, int]:
    """Device and inode of the file at `path`, once it is certain that SQLite may open it. Raises as `open_own`.

    new: create the file if need be.
    """
    if new and not os.path.lexists(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
    found = os.lstat(path)
    if not is_plain(found):
        raise ForeignError
    if not _open[found.st_dev, found.st_ino]:
        try:
            _check_file(path)
        except FileNotFoundError:
            if not new:
                raise
    return found.st_dev, found.st_ino


def _check_file(path: Path) -> None:
    """Raise where SQLite had better not see the regular file at `path`: see `open_own`.

    Opening a database may already write to and delete what lies beside it.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if any(os.path.lexists(f"{path}{tail}") for tail in ("-wal", "-shm")):
        raise ForeignError
    if not _may_be_rolled_back(Path(f"{path}-journal"), os.path.getsize(path)):
        raise ForeignError
    if not any(header):
        # A crash or a full disk came before its first page was written.
        raise FileNotFoundError(path)
    if not header.startswith(_MAGIC):
        raise sqlite3.DatabaseError("it is no database")
    # Bytes 18 and 19 are 1: its transactions have rollback journals.
    if header[18:20] != b"\1\1" or header[68:72] != _APPLICATION.to_bytes(4, "big"):
        raise ForeignError


def _may_be_rolled_back(rollback: Path, size_bytes: int) -> bool:
    """Whether rolling back by the journal at `rollback`, if there is one, touches the database alone.

    The database has `size_bytes` now. Those of ganfx never shrink, so that a rollback never enlarges one.
    """
    try:
        if not is_plain(os.lstat(rollback)):
            return False
        with rollback.open("rb") as file:
            header = file.read(_ROLLBACK.size)
            file.seek(max(0, file.seek(0, os.SEEK_END) - len(_ROLLBACK_MAGIC)))
            end = file.read()
    except FileNotFoundError:
        return True
    if end == _ROLLBACK_MAGIC:
        # SQLite deletes the super-journal before it looks at the header, and even where that is none.
        return False
    if len(header) < _ROLLBACK.size:
        return True
    magic, pages, page_bytes = _ROLLBACK.unpack(header)
    return bool(magic != _ROLLBACK_MAGIC or pages * page_bytes <= size_bytes)


def _check(database: Database, layout: TableLayout, seal: Seal) -> None:
    """Raise ForeignError where this version of ganfx did not make the database, FileNotFoundError where it is empty."""
    names = "SELECT sql FROM sqlite_master WHERE sql NOT NULL OR type != 'index' LIMIT ?"
    found = [sql for (sql,) in database.rows(names, [len(layout.statements) + 1])]
    if not found:
        raise FileNotFoundError(database.path)
    ((version,),) = database.rows("PRAGMA user_version")
    if version != layout.version or sorted(map(str, found)) != sorted(layout.statements):
        raise ForeignError
    about = database.rows("SELECT kind, seal FROM about LIMIT 2")
    if len(about) != 1 or about[0][0] != layout.kind or not seal.fits(about[0][1], "about", layout.kind):
        raise ForeignError
