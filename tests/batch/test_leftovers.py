"""Even a journal that this installation sealed removes nothing but unfinished files of crashed runs."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from ganfx.atomic import part_of
from ganfx.batch.homes import NAME, Home
from ganfx.batch.journal import Journal
from ganfx.batch.seals import Seal

MARK = "0123abcd"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with a journal."""
    (tmp_path / "out" / "sub").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    Journal(Home(tmp_path / "out")).close()
    return tmp_path / "out"


def recover(out: Path, target: bytes, mark: object = MARK) -> None:
    """Open the journal of `out`, which says that a run that ended was making `target`."""
    row = (target, b"/a.png", 1, 1, "digest", "x4", None, None, None, mark, 1.0, "elsewhere", 1, 1.0, "token")
    with sqlite3.connect(out / NAME) as connection:
        values = (*row, Seal.own().of("claims", *row))
        connection.execute(f"INSERT INTO claims VALUES ({', '.join('?' * len(values))})", values)
    connection.close()
    with Journal(Home(out)):
        pass
    with sqlite3.connect(out / NAME) as connection:
        assert connection.execute("SELECT count(*) FROM claims").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("place", ["a.png", "sub/a.png", "sub/new\nline \udcff.png"])
def test_an_unfinished_file_is_removed(out: Path, place: str) -> None:
    part = part_of(out / place, MARK)
    part.write_text("half")
    recover(out, os.fsencode(place))
    assert not part.exists()


@pytest.mark.parametrize("mark", ["production", "0123ABCD", "0123abcd\n", "", None, 123, 1.5, b"0123abcd", "*"])
def test_a_mark_is_one_that_ganfx_makes(out: Path, mark: object) -> None:
    precious = [out / f".a.{mark}.png", out / ".a.png", out / ".a.0123abcd.png"]
    for path in precious:
        path.write_text("precious")
    recover(out, b"a.png", mark)
    assert all(path.exists() for path in precious)


@pytest.mark.parametrize(
    "place", ["{elsewhere}/a.png", "../elsewhere/a.png", "sub/../../elsewhere/a.png", "link/a.png"]
)
def test_nothing_outside_the_folder_is_removed(out: Path, place: str, tmp_path: Path) -> None:
    (out / "link").symlink_to(tmp_path / "elsewhere")
    precious = part_of(tmp_path / "elsewhere" / "a.png", MARK)
    precious.write_text("precious")
    recover(out, os.fsencode(place.format(elsewhere=tmp_path / "elsewhere")))
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("kind", ["a link", "a second name", "a folder", "a pipe"])
def test_only_a_file_of_its_own_is_removed(out: Path, kind: str, tmp_path: Path) -> None:
    part, precious = part_of(out / "a.png", MARK), tmp_path / "elsewhere" / "precious"
    precious.write_text("precious")
    if kind == "a link":
        part.symlink_to(precious)
    elif kind == "a second name":
        part.hardlink_to(precious)
    elif kind == "a folder":
        part.mkdir()
    else:
        os.mkfifo(part)
    recover(out, b"a.png")
    assert os.path.lexists(part)
    assert precious.read_text() == "precious"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_users_stays(out: Path) -> None:
    part = part_of(out / "a.png", MARK)
    part.touch()
    os.chown(part, 1234, 1234)
    recover(out, b"a.png")
    assert part.exists()


@pytest.mark.parametrize("target", [b"", b".", b"..", b"a\0b", b"/", b"sub"])
def test_a_target_that_is_no_file_is_nothing(out: Path, target: bytes) -> None:
    recover(out, target)
    assert (out / "sub").is_dir()
