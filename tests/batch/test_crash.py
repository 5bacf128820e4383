"""Runs that are killed, meet a full disk or each other: the same command goes on, and nothing is lost or doubled."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from ganfx.batch.item_runner import OverwritePolicy, settled_outcome
from ganfx.batch.items import Item
from ganfx.batch.journal import NAME
from ganfx.batch.records import Records
from ganfx.errors import OutputError
from tests import graphs
from tests.batch.batches import ROOT, Told, command, photos, results, run, start

pytestmark = pytest.mark.slow

PICTURES = 40
KILLS = 50


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return photos(tmp_path_factory.mktemp("pictures"), PICTURES)


# What takes long to load is loaded before the clock runs.
READY = """
import sys
import numpy, onnx, onnxruntime, psutil, pyvips, cv2
import ganfx.batch.run, ganfx.batch.item_runner, ganfx.pipeline
from ganfx.cli import main
print("ready", flush=True)
main(sys.argv[1:])
"""


def begun(*arguments: object) -> subprocess.Popen[str]:
    """A run in a process of its own that is about to begin."""
    line = [sys.executable, "-c", READY, *map(str, arguments)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.timeout(900)
def test_killed_at_any_moment_the_same_command_goes_on(
    tmp_path: Path, folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ("upscale", folder, "-n", model, "-j", "2:2:2", "-q")
    started = time.monotonic()
    assert begun(*line, "-o", tmp_path / "undisturbed").wait() == 0
    whole_s = time.monotonic() - started
    expected = results(tmp_path / "undisturbed")
    assert len(expected) == PICTURES
    moments = random.Random(0)
    killed = batches = 0
    while killed < KILLS:
        out = tmp_path / "killed"
        ended = False
        while not ended:
            process = begun(*line, "-o", out)
            try:
                process.wait(moments.uniform(0, whole_s / 6) if killed < KILLS else None)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
                continue
            assert process.stderr
            assert process.stderr.read() == ""
            ended = True
        assert results(out) == expected
        again = run(capsys, *line, "-o", out, "--json")
        assert Counter(again.statuses.values()) == {"up to date": PICTURES}
        shutil.rmtree(out)
        batches += 1
    print(f"{killed} kills over {batches} batches of {PICTURES} pictures: none lost, none doubled, no stray file")


def test_a_killed_run_beside_its_sources_goes_on_too(tmp_path: Path, folder: Path, model: Path) -> None:
    place = tmp_path / "in"
    shutil.copytree(folder, place)
    line = ("upscale", place, "-n", model, "-q")
    process = begun(*line)
    while len(list(place.glob("[!.]*_x2_nearest.*"))) < 5:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert begun(*line).wait() == 0
    sources = results(folder)
    assert set(results(place)) == {*sources, *(name.replace(".", "_x2_nearest.") for name in sources)}


def test_two_runs_on_one_folder_share_the_work(tmp_path: Path, folder: Path, model: Path) -> None:
    line = ("upscale", folder, "-o", tmp_path / "out", "-n", model, "--json")
    runs = [start(*line) for _ in range(2)]
    told = [Told(process.returncode, *said) for process, said in [(one, one.communicate()) for one in runs]]
    assert [one.status for one in told] == [0, 0], [one.err for one in told]
    done = Counter(name for one in told for name, status in one.statuses.items() if status == "done")
    assert set(done.values()) == {1}
    assert len(done) == PICTURES
    assert {status for one in told for status in one.statuses.values()} <= {"done", "up to date", "skipped"}
    assert len(results(tmp_path / "out")) == PICTURES


def test_a_result_that_another_run_puts_in_place_meanwhile_is_in_nobodys_way(tmp_path: Path) -> None:
    """It is looked for before the records are read, which have it before it is there."""
    item = Item(tmp_path / "a.jpg", tmp_path / "a_x4.jpg")

    class Late(Records):
        def __init__(self) -> None:
            pass

        def is_current(self, source: Path, target: Path, recipe: str) -> bool:
            item.target.write_bytes(b"made by the other run")
            return False

    assert settled_outcome(item, "{}", [Late()], OverwritePolicy()) is None
    with pytest.raises(OutputError, match="exists already"):
        settled_outcome(item, "{}", [None], OverwritePolicy())


def test_a_termination_leaves_only_whole_files_and_is_taken_up_again(tmp_path: Path, folder: Path, model: Path) -> None:
    line = ("upscale", folder, "-o", tmp_path / "out", "-n", model, "-j", "2:3:2")
    process = begun(*line)
    while not list((tmp_path / "out").glob("[!.]*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in said
    assert not [name for name in results(tmp_path / "out") if name.startswith(".")]
    assert begun(*line).wait() == 0
    assert len(results(tmp_path / "out")) == PICTURES


def on_a_small_disk(place: Path, first: list[str], kilobytes: int) -> subprocess.CompletedProcess[str]:
    """`first` run twice with a disk at `place`, of so many kilobytes and then of plenty, then copied to place-kept."""
    script = f"""
        mount -t tmpfs -o mode=700,size={kilobytes}k tmpfs {place} || exit 77
        "$@"; echo "status $?" >&2; ls -A {place} >&2; echo "then" >&2
        mount -o remount,size=50m {place}
        "$@"; echo "status $?" >&2; cp -r {place} {place}-kept
    """
    line = ["unshare", "-rm", "sh", "-c", script, "sh", *first]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets no user mount a small disk")
    return done


def test_a_full_disk_is_one_error_and_the_rerun_goes_on(tmp_path: Path, model: Path) -> None:
    folder = photos(tmp_path / "in", PICTURES, width=60, height=40)
    place = tmp_path / "out"
    place.mkdir()
    done = on_a_small_disk(place, command("upscale", folder, "-o", place, "-n", model), kilobytes=300)
    first, then = (part.splitlines() for part in done.stderr.split("then\n"))
    errors = [line for line in first if line.startswith("error: ")]
    assert len(errors) == 1
    assert "no space left on device" in errors[0]
    assert any("the disk is full" in line for line in first)
    assert "status 3" in first
    listed = first[first.index("status 3") + 1 :]
    finished = [name for name in listed if name != NAME]
    assert 0 < len(finished) < PICTURES
    assert not [name for name in finished if name.startswith(".")]
    assert "status 0" in then
    assert any(f"{len(finished)} up to date" in line for line in then)
    assert len(results(tmp_path / "out-kept")) == PICTURES
