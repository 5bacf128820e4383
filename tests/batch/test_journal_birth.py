"""A journal that a crash or a full disk met while it was being made: the next run goes on, and knows what there is."""

from __future__ import annotations

import functools
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ganfx.batch.database import Database
from ganfx.batch.homes import NAME, Home
from ganfx.batch.journal import Journal
from ganfx.errors import OutputError
from tests import graphs
from tests.batch.batches import command, photos
from tests.batch.test_crash import on_a_small_disk
from tests.batch.test_journal import make

# The most bytes that the files of a new journal, and of the index of the state folder, are made of.
MOST_BYTES = 40_000


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(params=[False, True], ids=["in the folder", "in the state folder"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    (tmp_path / "out").mkdir()
    return Home(tmp_path / "out", beside=request.param)


def in_another_process(action: Callable[[], object]) -> int:
    """`action` in a copy of this process; its exit status, or minus the number of the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def opened(home: Home) -> None:
    Journal(home).close()


def works(home: Home) -> None:
    """The journal takes a result and knows it again."""
    source, target = home.folder / "a.jpg", home.folder / "b.jpg"
    source.write_bytes(b"a picture")
    with Journal(home) as journal:
        make(journal, source, target)
    with Journal(home) as later:
        assert not later.notes
        assert later.is_current(source, target, "x4")


def test_killed_at_any_statement_the_next_run_begins_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Database.rows

    def killed(self: Database, statement: str, values: tuple[object, ...] = ()) -> list[object]:
        if not remaining.pop():
            os.kill(os.getpid(), signal.SIGKILL)
        return rows(self, statement, values)

    for statements in range(100):
        remaining = [True] * statements
        remaining.insert(0, False)
        monkeypatch.setattr(Database, "rows", killed)
        status = in_another_process(lambda: opened(home))
        monkeypatch.setattr(Database, "rows", rows)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        if statements % 3 == 0:
            works(home)
            clear(home)
    assert 10 < statements < 100


def clear(home: Home) -> None:
    for folder in (home.folder, home.folder.parent / "state"):
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "no space"])
def test_stopped_at_any_byte_the_next_run_begins_anew(home: Home, killed: bool) -> None:
    def limited(most: int) -> None:
        # Python ignores this signal, so that a write fails; by default it ends the process in the midst of it.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if killed else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        try:
            opened(home)
        except OutputError as error:
            os._exit(3 if error.hint else 4)

    statuses = set()
    for most in range(0, MOST_BYTES, 3700):
        statuses.add(in_another_process(functools.partial(limited, most)))
        works(home)
        clear(home)
    assert statuses == {-signal.SIGXFSZ if killed else 3, 0}


def test_an_empty_journal_is_no_journal(home: Home) -> None:
    (home.folder / NAME).touch()
    works(home)


@pytest.mark.slow
def test_a_disk_without_any_space_left_is_one_error_and_the_rerun_works(tmp_path: Path) -> None:
    model = graphs.nearest(tmp_path / "nearest.onnx", scale=2)
    place = tmp_path / "out"
    place.mkdir()
    line = command("upscale", photos(tmp_path / "in", 4), "-o", place, "-n", model)
    full = ["sh", "-c", f'head -c 65536 /dev/zero >{place}/full; "$@"; status=$?; rm {place}/full; exit $status', "sh"]
    done = on_a_small_disk(place, [*full, *line], kilobytes=64)
    first, then = (part.splitlines() for part in done.stderr.split("then\n"))
    assert sum(line.startswith("error: ") for line in first) == 1, first
    assert "no space left on device" in first[0]
    assert "status 3" in first
    assert {path.name for path in Path(f"{place}-kept").iterdir()} >= {"000.jpg", NAME}, then
