"""Runs that meet another one at work, or a stopped one: they say which it is, wait, and tell the truth at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ganfx.batch.homes import NAME, Home
from ganfx.batch.journal import Journal
from ganfx.batch.open_journals import OpenJournals
from tests.batch.batches import ROOT, Upscale, photo, photos, start

HOLDER = """
    import sys, time
    from pathlib import Path
    from ganfx.batch.homes import Home
    from ganfx.batch.journal import Journal
    source, target = map(Path, sys.argv[1:])
    journal = Journal(Home(target.parent))
    {hold}
    print("held", flush=True)
    time.sleep(600)
"""
CLAIM = "claim = journal.claim(source, target, 'x4')"
TRANSACTION = "transaction = journal._writing(); transaction.__enter__()"


@pytest.fixture(params=[CLAIM, TRANSACTION], ids=["a result", "the journal"])
def holder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A process that holds out/a.png, or the whole journal of out."""
    (tmp_path / "out").mkdir()
    script = textwrap.dedent(HOLDER).format(hold=request.param)
    line = [sys.executable, "-c", script, photo(tmp_path / "a.png"), tmp_path / "out" / "a.png"]
    process = subprocess.Popen([str(word) for word in line], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell who holds a lock")
@pytest.mark.parametrize("stopped", [True, False])
def test_a_run_says_which_process_it_waits_for_and_fails_in_the_end(
    stopped: bool, tmp_path: Path, holder: subprocess.Popen[str], upscale: Upscale
) -> None:
    if stopped:
        holder.send_signal(signal.SIGSTOP)
        # The signal takes effect only once the process is on a processor.
        while psutil.Process(holder.pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
    began = time.monotonic()
    told = upscale(tmp_path / "a.png", "-o", tmp_path / "out", "--wait", 0.5)
    assert 0.5 <= time.monotonic() - began < 10
    assert told.status == 3
    assert told.statuses == {"a.png": "failed"}
    (note,) = (line for line in told.err if line.startswith("note: "))
    assert f"process {holder.pid} (since 20" in note
    assert ("stopped" in note) == stopped
    assert "--wait" in note
    (error,) = told.errors
    assert f"process {holder.pid} " in error
    (hint,) = (line for line in told.err if line.startswith("hint: "))
    assert ("kill -CONT" in hint) == stopped
    assert not (tmp_path / "out" / "a.png").exists()


def test_what_another_run_held_is_made_once_that_ended(
    tmp_path: Path, holder: subprocess.Popen[str], upscale: Upscale
) -> None:
    ended = threading.Timer(0.5, holder.kill)
    ended.start()
    photo(tmp_path / "b.png")
    told = upscale(tmp_path / "a.png", tmp_path / "b.png", "-o", tmp_path / "out")
    assert told.statuses == {"a.png": "done", "b.png": "done"}
    assert told.status == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.png", "b.png", NAME}


def test_the_others_are_made_before_what_is_held(tmp_path: Path, upscale: Upscale) -> None:
    folder, out = photos(tmp_path / "in", 12), tmp_path / "out"
    out.mkdir()
    with Journal(Home(out)) as journal:
        claim = journal.claim(folder / "000.jpg", out / "000.jpg", "another")
        assert claim
        with claim:
            told = upscale(folder, "-o", out, "--wait", 0)
    assert told.statuses["000.jpg"] == "failed"
    assert list(told.statuses).index("000.jpg") > 6
    assert [status for name, status in told.statuses.items() if name != "000.jpg"] == ["done"] * 11
    assert told.status == 3
    assert f"process {os.getpid()} " in told.errors[0]


def test_an_interrupted_wait_ends_at_once(tmp_path: Path, holder: subprocess.Popen[str], model: Path) -> None:
    process = start("upscale", tmp_path / "a.png", "-o", tmp_path / "out", "-n", model, "--wait", 60)
    assert process.stderr
    assert "holds" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert "interrupted" in process.stderr.read()


@pytest.mark.parametrize("holder", [TRANSACTION], indirect=True)
def test_a_held_journal_is_waited_for_once_and_is_one_error(
    tmp_path: Path, holder: subprocess.Popen[str], upscale: Upscale
) -> None:
    began = time.monotonic()
    told = upscale(photos(tmp_path / "in", 12), "-o", tmp_path / "out", "--wait", 0.5)
    assert time.monotonic() - began < 8
    assert told.status == 3
    assert len(told.errors) == 1
    assert sorted(told.statuses.values()) == ["failed", *["skipped"] * 11]
    assert "another process holds the journal" in told.err[-1]


@pytest.mark.parametrize("line", [("--dry-run",), ()], ids=["a dry run", "a run"])
def test_a_journal_that_cannot_even_be_read_is_waited_for(
    line: tuple[str, ...], tmp_path: Path, upscale: Upscale
) -> None:
    source, out = photo(tmp_path / "a.png"), tmp_path / "out"
    assert upscale(source, "-o", out).status == 0
    with contextlib.closing(sqlite3.connect(out / NAME, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        told = upscale(source, "-o", out, "--wait", 0.5, *line)
    assert told.status == 3
    assert len(told.errors) == 1
    assert "holds" in told.errors[0]
    assert upscale(source, "-o", out, *line).statuses == {"a.png": "up to date"}


def test_a_journal_held_at_the_end_of_a_run_is_settled_by_the_next_one(
    tmp_path: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = photo(tmp_path / "a.png"), tmp_path / "out"
    close = OpenJournals.close

    def held(journals: OpenJournals) -> None:
        with contextlib.closing(sqlite3.connect(out / NAME, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            close(journals)

    monkeypatch.setattr(OpenJournals, "close", held)
    assert upscale(source, "-o", out, "--wait", 0.1).statuses == {"a.png": "done"}
    monkeypatch.setattr(OpenJournals, "close", close)
    assert upscale(source, "-o", out).statuses == {"a.png": "up to date"}
