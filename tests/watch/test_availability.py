"""A watcher goes on whatever one file, the clock, the system's events or a folder does, and ends when it is told to."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from ganfx.batch import making
from ganfx.batch.process import Outcome
from ganfx.pipeline import EngineOptions
from ganfx.watch import WatchOptions, classify, open_watcher, quarantine, stopping, watch_folder
from ganfx.watch.fs_events import ChangedPaths, Events
from tests.batch.batches import photo, photos, results, run
from tests.watch.watchers import tiny_png, visible

ONCE = WatchOptions(settle_s=0, give_up_s=0, once=True)


def by_name(source: Path, output: Path, model: Path, options: WatchOptions = ONCE) -> dict[str, Outcome]:
    return {one.item.source.name: one for one in watch_folder(source, output, f"upscale:model={model}", options)}


SURPRISES = [
    (classify, "is_picture", UnicodeError()),
    (classify, "check_complete", RecursionError()),
    (making, "process", MemoryError()),
]


@pytest.mark.parametrize(("module", "name", "error"), SURPRISES, ids=["seen", "examined", "made"])
def test_whatever_one_picture_raises_the_others_are_made(
    module: Any, name: str, error: Exception, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = photos(tmp_path / "in", 3)
    (source / "001.png").rename(source / "001.picture")
    original = getattr(module, name)

    def surprising(what: Any, *arguments: Any) -> Any:
        path = getattr(what, "source", what)
        if path.name == "001.picture":
            raise error
        return original(what, *arguments)

    monkeypatch.setattr(module, name, surprising)
    done = by_name(source, tmp_path / "out", model)
    assert {name: one.status for name, one in done.items()} == {
        "000.jpg": "done",
        "001.picture": "failed",
        "002.jpg": "done",
    }
    assert "reference" in (source / "failed" / "001.picture.txt").read_text()


def test_a_surprise_while_a_picture_is_put_aside_leaves_it_where_it_is(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = photos(tmp_path / "in", 1)
    (source / "bad.png").write_text("this is no picture")
    monkeypatch.setattr(quarantine, "set_aside", lambda *arguments: 1 / 0)
    done = by_name(source, tmp_path / "out", model)
    assert (done["000.jpg"].status, done["bad.png"].status) == ("done", "failed")
    assert done["bad.png"].notes[0].startswith("left where it is: failed unexpectedly")


def test_a_name_that_leaves_no_room_for_its_result_is_put_aside(tmp_path: Path, model: Path) -> None:
    source = photos(tmp_path / "in", 1)
    longest = "a" * 251 + ".png"
    (source / longest).write_bytes(tiny_png(1))
    done = by_name(source, source, model)
    assert (done["000.jpg"].status, done[longest].status) == ("done", "failed")
    assert (source / "failed" / longest).exists()


def test_a_long_work_is_left_for_the_next_time_soon_after_it_was_told_to_end(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output, engine = tmp_path / "in", tmp_path / "out", EngineOptions(tile=64)
    photo(source / "large.png", 1000, 1000)
    run_session = onnxruntime.InferenceSession.run

    working = threading.Event()

    def slowly(*arguments: Any) -> Any:
        working.set()
        time.sleep(0.05)
        return run_session(*arguments)

    monkeypatch.setattr(stopping, "FINISH_S", 0.5)
    steps, options = f"upscale:model={model}", WatchOptions(settle_s=0)
    watcher = open_watcher(source, output, steps, options, engine=engine)
    monkeypatch.setattr(onnxruntime.InferenceSession, "run", slowly)
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.extend(watcher.run()), daemon=True)
    thread.start()
    assert working.wait(20)
    watcher.stop()
    started = time.monotonic()
    thread.join(30)
    assert time.monotonic() - started < 4
    assert outcomes == []
    assert visible(output) == set()
    assert not list(output.glob(".large.*"))
    monkeypatch.setattr(onnxruntime.InferenceSession, "run", run_session)
    assert by_name(source, output, model)["large.png"].status == "done"


def test_a_large_picture_that_is_examined_is_left_too(tmp_path: Path, model: Path) -> None:
    watcher = open_watcher(photos(tmp_path / "in", 1), tmp_path / "out", f"upscale:model={model}", ONCE)
    watcher.stop()
    assert list(watcher.run()) == []
    with pytest.raises(Exception, match="ends"):
        classify.check_complete(tmp_path / "in" / "000.jpg", watcher._stop.check)


def test_times_of_files_in_the_future_and_the_past_make_no_difference(tmp_path: Path, model: Path) -> None:
    source, output = photos(tmp_path / "in", 4), tmp_path / "out"
    for name, seconds in (("000.jpg", 4e9), ("001.png", 0), ("002.jpg", -1e9), ("003.png", 1e10)):
        os.utime(source / name, (seconds, seconds))
    options = WatchOptions(settle_s=0.1, give_up_s=0, once=True)
    assert {one.status for one in by_name(source, output, model, options).values()} == {"done"}
    assert by_name(source, output, model, options) == {}


@pytest.mark.parametrize("jump_s", [-1e8, 1e8])
def test_a_clock_that_jumps_holds_nothing_up(
    jump_s: float, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = photos(tmp_path / "in", 1), tmp_path / "out"
    watcher = open_watcher(source, output, f"upscale:model={model}", WatchOptions(settle_s=0.1, rescan_s=0.2))
    outcomes = watcher.run()
    assert next(outcomes).status == "done"
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump_s)
    photo(source / "b.png")
    started = time.monotonic()
    assert next(outcomes).item.source.name == "b.png"
    assert time.monotonic() - started < 20
    assert watcher.health.done == 2
    watcher.stop()
    assert list(outcomes) == []
    assert abs(watcher.health.updated - (now() + jump_s)) < 60


def until(changed: ChangedPaths, wanted: Path) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if wanted in changed.take(0.2):
            return True
    return False


def test_events_are_received_again_after_their_thread_ended(tmp_path: Path) -> None:
    changed = ChangedPaths()
    events = Events(tmp_path, changed)
    events.start()
    try:
        first = events._observer
        assert first is not None
        first.stop()
        first.join()
        assert not events.are_received
        events.start()
        assert events.are_received
        (tmp_path / "a.jpg").write_bytes(b"new")
        assert until(changed, tmp_path / "a.jpg")
    finally:
        events.stop()


def test_an_event_that_surprises_does_not_end_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = ChangedPaths()
    add = changed.add

    def surprising(*paths: Path) -> None:
        if paths[0].name == "odd.jpg":
            raise ZeroDivisionError
        add(*paths)

    monkeypatch.setattr(changed, "add", surprising)
    events = Events(tmp_path, changed)
    events.start()
    try:
        (tmp_path / "odd.jpg").write_bytes(b"odd")
        (tmp_path / "a.jpg").write_bytes(b"new")
        assert until(changed, tmp_path / "a.jpg")
        assert events.are_received
    finally:
        events.stop()


def test_a_folder_that_cannot_be_read_is_said_once_and_the_exit_status_is_honest(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = photos(tmp_path / "in", 1)
    (source / "closed").mkdir()
    scandir = os.scandir

    def checked_scandir(path: Any) -> Any:
        if Path(os.fsdecode(path)).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", checked_scandir)
    line = ("watch", source, tmp_path / "out", "--recipe", f"upscale:model={model}", "--once", "--settle", 0)
    told = run(capsys, *line)
    assert told.status == 3
    said = "\n".join(told.err)
    assert said.count("permission denied") == 1
    assert "1 folder cannot be read" in said
    assert set(results(tmp_path / "out")) >= {"000.jpg"}


def test_pipes_and_links_in_circles_hold_nothing_up(tmp_path: Path, model: Path) -> None:
    source = photos(tmp_path / "in", 1)
    os.mkfifo(source / "pipe.png")
    (source / "loop.png").symlink_to("loop.png")
    (source / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(source / "ganfx.toml")
    assert {name: one.status for name, one in by_name(source, tmp_path / "out", model).items()} == {"000.jpg": "done"}


def in_namespace(limit: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """`ganfx` in a user namespace of its own, prepared by the shell command `limit`."""
    if subprocess.run(["unshare", "-rm", "sh", "-c", limit], capture_output=True).returncode:
        pytest.skip("user namespaces are not allowed here")
    words = [sys.executable, "-m", "ganfx", *map(str, arguments)]
    command = ["unshare", "-rm", "sh", "-c", f'{limit} && exec "$@"', "sh", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
def test_an_output_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, model: Path) -> None:
    source, output = photos(tmp_path / "in", 1), tmp_path / "out"
    output.mkdir()
    limit = f"mount --bind {output} {output} && mount -o remount,bind,ro {output}"
    line = ("watch", source, output, "--recipe", f"upscale:model={model}", "--once", "--settle", 0)
    done = in_namespace(limit, *line)
    assert done.returncode == 3
    errors = [text for text in done.stderr.splitlines() if "error: " in text]
    assert len(errors) == 1
    assert str(output) in errors[0]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_with_more_folders_than_the_system_gives_events_of_all_is_made_and_it_is_said_once(
    tmp_path: Path, model: Path
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    for number in range(30):
        (source / str(number)).mkdir(parents=True)
    limit = "echo 8 > /proc/sys/user/max_inotify_watches"
    if subprocess.run(["unshare", "-r", "sh", "-c", limit], capture_output=True).returncode:
        pytest.skip("user namespaces are not allowed here")
    words = [sys.executable, "-m", "ganfx", "watch", source, output, "--recipe", f"upscale:model={model}"]
    words += ["--settle", 0.2, "--rescan", 1]
    command = ["unshare", "-r", "sh", "-c", f'{limit} && exec "$@"', "sh", *map(str, words)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        while not list(output.glob(".ganfx-watch-*")):
            assert process.poll() is None
            time.sleep(0.05)
        for number in range(30):
            (source / str(number) / "a.png").write_bytes(tiny_png(number))
        end = time.monotonic() + 30
        while len(visible(output)) < 30 and time.monotonic() < end:
            time.sleep(0.1)
    finally:
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert len(visible(output)) == 30
    assert said.count("no event told of it") + said.count("looking again and again") == 1
    assert "Traceback" not in said
