"""Two watchers on one folder: the second one says so at once, and the first one's end, of whatever kind, frees it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ganfx.errors import WatchedError
from ganfx.watch.watcher_lock import WatcherLock
from tests.batch.batches import photo, start
from tests.watch.watchers import visible, watching

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from ganfx.watch.watcher_lock import WatcherLock
with WatcherLock(*map(Path, sys.argv[1:])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_watcher_says_so_and_ends_with_a_status_of_its_own(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    with watching(source, output, model) as watch:
        second = start("watch", source, output, "--recipe", f"upscale:model={model}", "--once")
        said = second.communicate(timeout=60)[1].splitlines()
        assert second.returncode == 4
        assert said[0].startswith(f"error: process {watch.process.pid} (since 20")
        assert str(source) in said[0]
        assert f"kill {watch.process.pid}" in said[1]
        photo(source / "a.png")
        watch.until_done("a.png")
    assert visible(output) == {"a.png"}


def test_a_watcher_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    line = [sys.executable, "-c", HOLDER, tmp_path / "in", tmp_path / "out"]
    process = subprocess.Popen([str(word) for word in line], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    with pytest.raises(WatchedError, match=f"process {process.pid} "):
        WatcherLock(tmp_path / "in", tmp_path / "out").check()
    process.send_signal(signal.SIGSTOP)
    # The signal takes effect only once the process is on a processor.
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    with pytest.raises(WatchedError, match="stopped"):
        WatcherLock(tmp_path / "in", tmp_path / "out").check()
    process.kill()
    process.wait()
    process.stdout.close()
    with WatcherLock(tmp_path / "in", tmp_path / "out"):
        pass


def test_watchers_may_share_one_of_their_folders(tmp_path: Path) -> None:
    with WatcherLock(tmp_path / "in", tmp_path / "out"):
        WatcherLock(tmp_path / "in", tmp_path / "other").check()
        WatcherLock(tmp_path / "other", tmp_path / "out").check()
