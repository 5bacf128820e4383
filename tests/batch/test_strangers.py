"""Journals that strangers wrote: whatever they say, nothing is removed, replaced, believed or waited for."""

from __future__ import annotations

import os
import sqlite3
import struct
from pathlib import Path

import pytest

from ganfx.batch.journal import NAME
from tests import graphs
from tests.batch.batches import photo, photos, results, run

COLUMNS = """target BLOB PRIMARY KEY, source BLOB, source_size INTEGER, source_mtime INTEGER, source_digest TEXT,
    recipe TEXT, size INTEGER, mtime INTEGER, digest TEXT"""
RESULT = "target, source, source_size, source_mtime, source_digest, recipe, size, mtime, digest"
# The tables that version 0.1.0 made.
TABLES = f"""
CREATE TABLE made ({COLUMNS}) WITHOUT ROWID;
CREATE INDEX made_by_size ON made (size);
CREATE TABLE claims ({COLUMNS}, mark TEXT, claimed REAL, host TEXT, pid INTEGER, since REAL, token TEXT);
"""
VIEW = f"CREATE VIEW known AS SELECT {RESULT} FROM claims WHERE digest NOT NULL UNION ALL SELECT {RESULT} FROM made;"
ENDLESS = f"""CREATE VIEW known AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r)
SELECT {RESULT} FROM made WHERE (SELECT count(*) FROM r);"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


def journal(folder: Path, *rows: tuple[str, tuple[object, ...]], view: str = VIEW, version: int = 1) -> Path:
    """A journal of a stranger's in `folder`, with `rows` of its tables."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / NAME)
    connection.executescript(f"{TABLES}{view}PRAGMA user_version = {version};")
    for table, row in rows:
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    connection.commit()
    connection.close()
    return folder / NAME


def claim(target: object, mark: object, **changed: object) -> tuple[str, tuple[object, ...]]:
    """A claim of a process on another computer that ended long ago."""
    row = dict.fromkeys(("source", "source_size", "source_mtime", "source_digest", "recipe", "size", "mtime", "digest"))
    return "claims", (target, *(row | changed).values(), mark, 1.0, "elsewhere", 1, 1.0, "token")


def made(target: Path, source: Path, recipe: str = "") -> tuple[str, tuple[object, ...]]:
    """The record of `target` as a result of `source`."""
    from ganfx.batch.fingerprints import FileFingerprint

    one, other = FileFingerprint.of(source), FileFingerprint.of(target)
    place = os.fsencode(target.name)
    return "made", (
        *(place, os.fsencode(source), one.size_bytes, one.mtime_ns, one.digest, recipe),
        *(other.size_bytes, other.mtime_ns, other.digest),
    )


@pytest.mark.parametrize("up", ["absolute", "../", "sub/../../"])
def test_a_claim_removes_no_file_outside_the_folder(
    up: str, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    precious = tmp_path / "somewhere" / ".env.production"
    precious.parent.mkdir()
    precious.write_text("precious")
    target = str(precious.parent / "env") if up == "absolute" else f"{up}somewhere/env"
    (tmp_path / "out" / "sub").mkdir(parents=True)
    journal(tmp_path / "out", claim(os.fsencode(target), "production"))
    told = run(capsys, "upscale", photo(tmp_path / "in" / "a.png"), "-o", tmp_path / "out", "-n", model)
    assert told.status == 0
    assert precious.read_text() == "precious"


def test_a_claim_removes_no_file_of_the_users_in_the_folder(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    precious = tmp_path / "out" / ".env.production"
    precious.write_text("precious")
    journal(tmp_path / "out", claim(b"env", "production"))
    assert run(capsys, "upscale", photo(tmp_path / "a.png"), "-o", tmp_path / "out", "-n", model).status == 0
    assert precious.read_text() == "precious"


def test_a_transaction_to_roll_back_removes_no_file(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rollback journal may name a super-journal, which SQLite deletes, wherever it is."""
    precious = tmp_path / "precious.txt"
    precious.write_text("precious")
    half_rolled_back(journal(tmp_path / "out"), precious)
    half_rolled_back(journal(tmp_path / "in"), precious)
    line = ("upscale", photo(tmp_path / "in" / "a.png"), "-n", model)
    assert run(capsys, *line, "-o", tmp_path / "out").status == 0
    assert precious.read_text() == "precious"
    # The same beside a journal that is believed.
    assert run(capsys, *line, "-o", tmp_path / "other").status == 0
    half_rolled_back(tmp_path / "other" / NAME, precious)
    assert run(capsys, *line, "-o", tmp_path / "other", "--overwrite").status == 0
    assert precious.read_text() == "precious"


def test_the_name_of_a_super_journal_counts_whatever_stands_before_it(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite reads it from the end, and deletes the file even where it then finds nothing to roll back."""
    line = ("upscale", photo(tmp_path / "in" / "a.png"), "-n", model, "-o", tmp_path / "out")
    assert run(capsys, *line).status == 0
    monkeypatch.chdir(tmp_path)
    precious = Path("f")
    rollback = half_rolled_back(tmp_path / "out" / NAME, precious)
    content = rollback.read_bytes()
    for odd in (
        b"\1" + content[1:],
        content[:7] + b"\0" + content[8:],
        b"\1" * 3 + content[-21:],
        b"\1" + content[-20:],
    ):
        precious.write_text("precious")
        rollback.write_bytes(odd)
        assert run(capsys, *line, "--overwrite").status == 0
        assert precious.read_text() == "precious", odd


def test_a_transaction_to_roll_back_fills_no_disk(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rollback journal says how large the database was, and SQLite makes it as large again."""
    line = ("upscale", photo(tmp_path / "in" / "a.png"), "-n", model, "-o", tmp_path / "out")
    assert run(capsys, *line).status == 0
    half_rolled_back(tmp_path / "out" / NAME, pages=2**18)
    assert run(capsys, *line, "--overwrite").status == 0
    assert (tmp_path / "out" / NAME).stat().st_size < 2**20


def half_rolled_back(
    database: Path, super_journal: Path | None = None, page: int = 4096, pages: int | None = None
) -> Path:
    """Write a rollback journal of the first page of `database`, which had `pages`, with the name of a super-journal."""
    magic = bytes.fromhex("d9d505f920a163d7")
    content, name = database.read_bytes(), os.fsencode(super_journal or "")
    first = content[:page]
    checksum = sum(first[place] for place in range(page - 200, 0, -200))
    header = magic + struct.pack(">5I", 1, 0, pages or len(content) // page, 512, page)
    record = struct.pack(">I", 1) + first + struct.pack(">I", checksum)
    tail = struct.pack(">I", 2**30 // page + 1) + name + struct.pack(">2I", len(name), sum(name)) + magic
    rollback = Path(f"{database}-journal")
    rollback.write_bytes(header.ljust(512, b"\0") + record + (tail if name else b""))
    return rollback


def test_a_journal_that_is_a_link_leads_nowhere(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(tmp_path / "bookmarks.sqlite")
    connection.execute("CREATE TABLE bookmarks (name)")
    connection.close()
    before = (tmp_path / "bookmarks.sqlite").read_bytes()
    for number, place in enumerate((tmp_path / "bookmarks.sqlite", tmp_path / "absent.sqlite")):
        out = tmp_path / f"out{number}"
        out.mkdir()
        (out / NAME).symlink_to(place)
        assert run(capsys, "upscale", photo(tmp_path / "in" / "a.png"), "-o", out, "-n", model).status == 0
        assert set(results(out)) == {"a.png", *([] if number else [NAME])} - {NAME}
    assert (tmp_path / "bookmarks.sqlite").read_bytes() == before
    assert not (tmp_path / "absent.sqlite").exists()


def test_a_journal_gives_no_right_to_replace_a_file(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = photo(tmp_path / "in" / "a.png"), tmp_path / "out"
    precious = photo(out / "a.png", seed=7)
    before = precious.read_bytes()
    line = ("upscale", source, "-o", out, "-n", model, "--json")
    assert run(capsys, *line, "--overwrite").statuses == {"a.png": "done"}
    recipe = recipe_of(out)
    (out / NAME).unlink(missing_ok=True)
    precious.write_bytes(before)
    journal(out, made(precious, source, recipe))
    assert run(capsys, *line).statuses == {"a.png": "failed"}
    assert precious.read_bytes() == before


def recipe_of(out: Path) -> str:
    with sqlite3.connect(out / NAME) as connection:
        (recipe,) = connection.execute("SELECT recipe FROM made UNION SELECT recipe FROM claims").fetchone()
    return str(recipe)


def test_a_journal_hides_no_picture(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photos(tmp_path / "in", 2)
    journal(folder, made(folder / "000.jpg", folder / "001.png"))
    told = run(capsys, "upscale", folder, "-o", tmp_path / "out", "-n", model, "--json")
    assert told.statuses == {"000.jpg": "done", "001.png": "done"}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", ["newer", "endless", "rubbish", "empty", "a folder", "a pipe", "odd rows"])
@pytest.mark.parametrize("where", ["above", "in", "out"])
def test_a_journal_stops_nobody(
    how: str, where: str, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = photo(tmp_path / "in" / "a.png")
    place = tmp_path / where if where != "above" else tmp_path
    place.mkdir(exist_ok=True)
    odd = [claim(1, 2), claim("text", None, size="x", digest="y"), claim(b"a.png", b"\xff", digest=b"z")]
    if how == "newer":
        journal(place, version=99)
    elif how == "endless":
        journal(place, view=ENDLESS)
    elif how == "rubbish":
        (place / NAME).write_bytes(b"this is no database" * 1000)
    elif how == "empty":
        (place / NAME).touch()
    elif how == "a folder":
        (place / NAME).mkdir()
    elif how == "a pipe":
        os.mkfifo(place / NAME)
    else:
        journal(place, *odd, ("made", (3.5, "x", "y", b"", None, 7, source.stat().st_size, None, 2)))
    for status in ("done", "up to date"):
        told = run(capsys, "upscale", source, "-o", tmp_path / "out", "-n", model, "--json")
        assert told.statuses == {"a.png": status}, told.err
        assert told.status == 0
