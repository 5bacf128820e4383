"""`ganfx watch` as a command: its status, its service, and its exit status."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_commands import ganfx, photo
from tests.watch.watchers import watching

pytestmark = pytest.mark.slow


def test_once_says_whether_all_went_well(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    photo(source / "a.png")
    (source / "bad.png").write_text("this is no picture")
    with watching(source, output, model, "--once", "--give-up", 0) as watch:
        assert watch.process.wait(60) == 3
    with watching(source, output, model, "--once") as watch:
        assert watch.process.wait(60) == 0
        assert watch.said() == []


def test_status_tells_the_living_from_the_ended(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    with watching(source, output, model) as watch:
        photo(source / "a.png")
        watch.until_done("a.png")
        watch.until_quiet()
        living = ganfx("watch", "--status", source, output, "--json")
        assert living.returncode == 0
        said = json.loads(living.stdout)
        assert (said["running"], said["pid"], said["done"]) == (True, watch.process.pid, 1)
        watch.stop(signal.SIGKILL)
    ended = ganfx("watch", "--status", output)
    assert ended.returncode == 1
    assert ended.stdout.startswith("not running")
    assert "1 done" in ended.stdout


def test_a_service_is_shown_or_written(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    recipe = ("--recipe", f"upscale:model={model}", "--settle", 5, "--keep-failed")
    shown = ganfx("watch", source, output, *recipe, "--install-service", "--print")
    assert shown.returncode == 0, shown.stderr
    line = next(line for line in shown.stdout.splitlines() if line.startswith("ExecStart="))
    assert line.endswith(f"watch {source} {output} --recipe upscale:model={model} --settle 5.0 --keep-failed")
    env = {"XDG_CONFIG_HOME": str(folders[0].parent / "config")}
    written = ganfx("watch", source, output, *recipe, "--install-service", env=env)
    path = Path(written.stdout.strip())
    assert path.read_text() == shown.stdout
    assert f"enable --now {path.name}" in written.stderr
    if shutil.which("systemd-analyze"):
        verify, env = ["systemd-analyze", "--user", "verify", path], {"XDG_RUNTIME_DIR": str(path.parent)}
        checked = subprocess.run(verify, env=os.environ | env, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
    wrong = ganfx("watch", source, output, "--recipe", "upscole:4", "--install-service", env=env)
    assert wrong.returncode == 2
