"""Journals: whatever is found as one is used, set aside or left alone; nothing else is touched, and OutputError is all.

The first byte of an input says what the rest is: a database, a rollback journal beside a sound one, rows for a sound
one, or the schema and the settings of one.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from ganfx.atomic import part_of
from ganfx.batch.homes import NAME, Home
from ganfx.batch.journal import Journal
from ganfx.batch.patience import Patience
from ganfx.batch.records import Lookup
from ganfx.batch.seals import Seal
from ganfx.errors import OutputError

DATABASE, ROLLBACK, ROWS, SCHEMA = range(4)
MARK = "0123abcd"
# More than an input and a sound journal have.
MOST_BYTES = 2**20
RESULT = "target, source, source_size, source_mtime, source_digest, recipe, size, mtime, digest"
STATEMENTS = (
    f"CREATE VIEW known AS SELECT {RESULT} FROM made",
    "ALTER TABLE made RENAME TO kept; CREATE VIEW made AS WITH RECURSIVE r(x) AS "
    "(SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT *, (SELECT count(*) FROM r) AS n FROM kept",
    "CREATE TRIGGER more AFTER INSERT ON claims BEGIN INSERT INTO claims SELECT * FROM claims; END",
    "CREATE TRIGGER less BEFORE DELETE ON claims BEGIN SELECT raise(ABORT, 'no'); END",
    "DROP TABLE claims",
    "DROP TABLE about",
    "DELETE FROM about",
    "INSERT INTO about SELECT * FROM about",
    "ALTER TABLE made ADD COLUMN more",
    "DROP INDEX made_by_size",
    "PRAGMA journal_mode = WAL",
    "PRAGMA user_version = 99",
    "PRAGMA application_id = 0",
    "PRAGMA encoding = 'UTF-16'",
    "PRAGMA auto_vacuum = FULL; VACUUM",
    "PRAGMA page_size = 512; VACUUM",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE TABLE made (x)' WHERE name = 'made'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = NULL",
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_master",
    "CREATE VIRTUAL TABLE words USING fts5(x)",
)


def seeds() -> Iterator[bytes]:
    """A sound journal, one to be rolled back by a journal that names another file, some rows, and each statement."""
    with _place() as out:
        sound = (out / NAME).read_bytes()
        rollbacks = [_rollback(out / NAME, str(out.parent / "precious")), _rollback(out / NAME, pages=2**18)]
    yield bytes([DATABASE]) + sound
    yield from (bytes([ROLLBACK]) + rollback for rollback in rollbacks)
    for sealed in range(2):
        for target in (b"a.png", b"../precious", b"/etc/passwd", b"sub/../../precious", b""):
            yield bytes([ROWS]) + _packed_claim(target, sealed)
    for number in range(len(STATEMENTS)):
        yield bytes([SCHEMA, number])


def one_input(data: bytes) -> None:
    """Raises where opening and using the journal raises anything but OutputError, or touches another file."""
    with _place() as out:
        _write(out / NAME, data)
        before = _others(out)
        for _ in range(2):
            _use(out)
        assert _others(out) == before
        assert sum(path.stat().st_size for path in out.iterdir()) < MOST_BYTES


def _use(out: Path) -> None:
    """What a run does with the journal of `out`."""
    source, target = out.parent / "source.png", out / "new.png"
    patience = Patience(0)
    with contextlib.suppress(OutputError), Journal(Home(out), patience) as journal:
        journal.holder(target)
        journal.is_current(source, target, "x4")
        if claim := journal.claim(source, target, "x4"):
            with claim:
                part = part_of(target, claim.token)
                part.write_bytes(b"a result")
                claim.about_to_appear(part)
                os.replace(part, target)
                claim.finish()
            assert journal.is_current(source, target, "x4")
    with Lookup(patience) as lookup:
        for records in lookup.all(out):
            with contextlib.suppress(OutputError), contextlib.closing(records):
                for path in (target, out / "a.png", source):
                    records.origin(path)
                    records.made(path)


def _write(path: Path, data: bytes) -> None:
    kind, content = data[:1], data[1:]
    if kind == bytes([DATABASE]):
        path.write_bytes(content)
    elif kind == bytes([ROLLBACK]):
        Path(f"{path}-journal").write_bytes(content)
    else:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.set_progress_handler(lambda: 1, 10**6)
            with contextlib.suppress(sqlite3.Error, sqlite3.Warning, OverflowError):
                if kind == bytes([ROWS]):
                    _insert(connection, content)
                else:
                    for number in content[:8]:
                        connection.executescript(STATEMENTS[number % len(STATEMENTS)])


def _insert(connection: sqlite3.Connection, content: bytes) -> None:
    """Insert the rows that `content` describes, some of them sealed."""
    while len(content) > 1:
        table, sealed, content = ("made", "claims")[content[0] % 2], content[1] % 2, content[2:]
        values: list[object] = []
        for _ in range(9 if table == "made" else 15):
            value, content = _value(content)
            values.append(value)
        (row,) = connection.execute(f"SELECT {', '.join('?' * len(values))}", values).fetchall()
        seal = Seal.own().of(table, *row) if sealed else "0" * 64
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))}, ?)", (*row, seal))


def _value(content: bytes) -> tuple[object, bytes]:
    """The value that `content` begins with, and the rest."""
    kind, rest = content[0] % 5 if content else 0, content[1:]
    if kind == 1:
        return int.from_bytes(rest[:8], "little", signed=True), rest[8:]
    if kind == 2:
        return struct.unpack("<d", rest[:8].ljust(8, b"\0"))[0], rest[8:]
    length = rest[0] if rest else 0
    text, rest = rest[1 : 1 + length], rest[1 + length :]
    return {0: None, 3: text.decode("latin-1")}.get(kind, text), rest if kind else content[1:]


def _packed_claim(target: bytes, sealed: int) -> bytes:
    """A claim of a process that ended, as `_insert` reads it."""
    number, real, missing = b"\1" + bytes(8), b"\2" + bytes(8), b"\0"

    def text(value: bytes, kind: int = 3) -> bytes:
        return bytes([kind, len(value)]) + value

    origin = text(target, 4) + text(b"/source.png", 4) + 2 * number + 2 * text(b"x")
    process = text(MARK.encode()) + real + text(b"elsewhere") + number + real + text(b"token")
    return bytes([1, sealed]) + origin + 3 * missing + process


def _rollback(database: Path, other: str = "", *, page: int = 4096, pages: int | None = None) -> bytes:
    """A rollback journal of the first page of `database`, which had `pages`; `other` is its super-journal."""
    magic, name = bytes.fromhex("d9d505f920a163d7"), os.fsencode(other)
    first = database.read_bytes()[:page]
    header = magic + struct.pack(">5I", 1, 0, pages or database.stat().st_size // page, 512, page)
    checksum = sum(first[place] for place in range(page - 200, 0, -200))
    tail = struct.pack(">I", 2**30 // page + 1) + name + struct.pack(">2I", len(name), sum(name)) + magic
    return (
        header.ljust(512, b"\0") + struct.pack(">I", 1) + first + struct.pack(">I", checksum) + (tail if name else b"")
    )


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    """A folder with a sound journal, the files of the user's in and beside it, and a state folder; always the same."""
    place = _folder()
    shutil.rmtree(place)
    with mock.patch.dict(os.environ, {"GANFX_STATE": str(place / "state")}):
        for name, content in _sound().items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(content)
        yield place / "out"


@functools.cache
def _folder() -> Path:
    """A folder of this process, in memory if possible."""
    place = tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Path(place).resolve()


@functools.cache
def _sound() -> dict[str, bytes]:
    """The files of `_place`, by their paths."""
    files = dict.fromkeys(("precious", ".precious.0123abcd", "out/.env.production", "out/sub/b.png"), b"precious")
    files |= {"source.png": b"a picture", "state/journal.key": b"5a" * 32}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with mock.patch.dict(os.environ, {"GANFX_STATE": str(place / "state")}):
            for name, content in files.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)
            with Journal(Home(place / "out")) as journal:
                claim = journal.claim(place / "source.png", place / "out" / "a.png", "x4")
                assert claim
                with claim:
                    (place / "out" / "a.png").write_bytes(b"an earlier result")
                    claim.about_to_appear(place / "out" / "a.png")
                    claim.finish()
        found = (path for path in place.rglob("*") if path.is_file() and path.suffix != ".lock")
        return {str(path.relative_to(place)): path.read_bytes() for path in found}


def _others(out: Path) -> dict[Path, bytes]:
    """All files beside the journals and the new result."""
    files = (path for path in out.parent.rglob("*") if path.is_file())
    own = (out / "new.png",)
    journals = (path for path in files if not path.name.startswith(NAME) and path not in own)
    return {path: path.read_bytes() for path in journals if not path.is_relative_to(out.parent / "state")}
