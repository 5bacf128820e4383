"""What a watcher does when pictures, disks, folders or the watcher itself fail."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import photo, size_of
from tests.watch.watchers import hidden, tiny_png, visible, watching

pytestmark = pytest.mark.slow


def test_a_picture_that_fails_is_put_aside_with_its_reason(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    whole = photo(folders[0].parent / "whole.jpg", 300, 200).read_bytes()
    (source / "sub").mkdir()
    with watching(source, output, model, "--give-up", 1) as watch:
        (source / "sub" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
        (source / "empty.png").touch()
        photo(source / "good.png")
        watch.until(lambda: len(watch.names("failed")) == 2)
        watch.until_done("good.png")
        health = watch.health
        assert health is not None
        assert health["failed"] == 2
    failed = {f"failed/{name}{end}" for name in ("sub/cut.jpg", "empty.png") for end in ("", ".txt")}
    assert visible(source) == {"good.png", *failed}
    assert (source / "failed/sub/cut.jpg").read_bytes() == whole[: len(whole) // 2]
    assert "the file is empty" in (source / "failed/empty.png.txt").read_text()
    assert visible(output) == {"good.png"}


def test_failures_can_be_left_where_they_are_and_are_told_of_once(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    (source / "bad.jpg").write_text("this is no picture")
    with watching(source, output, model, "--give-up", 0, "--keep-failed") as watch:
        watch.until(lambda: watch.names("failed") == ["bad.jpg"])
        watch.until_quiet()
        photo(folders[0].parent / "good.jpg").rename(source / "bad.jpg")
        watch.until_done("bad.jpg")
        assert len(watch.said()) == 2
    assert visible(source) == {"bad.jpg"}


def test_what_may_pass_is_tried_again_until_it_does(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    (source / "sub").mkdir()
    photo(source / "sub" / "a.png")
    output.mkdir()
    (output / "sub").write_text("a file in the folder's place")
    with watching(source, output, model) as watch:
        watch.until(lambda: watch.names("waiting"))
        photo(source / "b.png")
        watch.until_done("b.png")
        (output / "sub").unlink()
        watch.until_done("sub/a.png")
    assert visible(output) == {"b.png", "sub/a.png"}
    assert visible(source) == {"b.png", "sub/a.png"}


def test_watchers_of_two_folders_share_their_output(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    other_source = source.with_name("other")
    other_source.mkdir()
    with watching(source, output, model) as one, watching(other_source, output, model) as other:
        for number in range(40):
            (source / f"a{number}.png").write_bytes(tiny_png(number))
            (other_source / f"b{number}.png").write_bytes(tiny_png(number))
        one.until_quiet()
        other.until_quiet()
        assert len(set(one.names("done"))) == len(one.names("done")) == 40
        assert len(set(other.names("done"))) == len(other.names("done")) == 40
    assert visible(output) == {f"{letter}{number}.png" for letter in "ab" for number in range(40)}
    assert hidden(output) == set()


def test_stopped_or_killed_it_goes_on_where_it_was(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    count, runs = 60, []
    for number in range(count):
        photo(source / f"{number}.png", 200, 100 + number)
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        with watching(source, output, model) as watch:
            watch.until(lambda: watch.names("done"))
            assert watch.stop(number) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
        if number == signal.SIGTERM:
            assert hidden(output) == set()
        # Killed, it leaves what it was writing, but hidden: nothing half-written shows.
        assert all(size_of(output / name)[0] == 400 for name in visible(output))
        runs.append(watch.names("done"))
    with watching(source, output, model, "--once") as watch:
        assert watch.process.wait(60) == 0
        runs.append(watch.names("done"))
    told = [name for run in runs for name in run]
    # A kill may come between the result and the word of it: then it is not told of, but made it is.
    assert len(told) == len(set(told))
    assert count - 3 <= len(told) <= count
    assert {path.name: size_of(path) for path in output.glob("*.png")} == {
        f"{number}.png": (400, 200 + 2 * number) for number in range(count)
    }
    assert hidden(output) == set()


def test_where_the_system_has_no_events_left_it_says_so_and_looks(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    photo(source / "a.png")
    limit = "echo 0 > /proc/sys/user/max_inotify_instances"
    if subprocess.run(["unshare", "-r", "sh", "-c", limit], capture_output=True).returncode:
        pytest.skip("user namespaces are not allowed here")
    command = f"{limit} && exec {sys.executable} -m ganfx watch in out --recipe upscale:model={model} --settle 0 --once"
    done = subprocess.run(
        ["unshare", "-r", "sh", "-c", command], cwd=source.parent, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "inotify instance limit reached; looking again and again" in done.stderr
    assert visible(output) == {"a.png"}


def test_a_full_disk_is_waited_for(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    output.mkdir()
    mount = f"mount -t tmpfs -o size=1m none {output}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("user namespaces are not allowed here")
    with watching(source, output, model, inside=("unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh")) as watch:
        names = [f"{number}.png" for number in range(12)]
        for number, name in enumerate(names):
            photo(source / name, 150, 100 + number)
        watch.until(lambda: watch.names("waiting"))
        assert {one["error"]["code"] for one in watch.said() if one["error"]} == {"disk-full"}
        # What is in work at this moment ends soon, one way or the other.
        watch.until(lambda: visible(watch.output) == set(watch.names("done")) and hidden(watch.output) == set())

        def make_room() -> bool:
            for name in visible(watch.output):
                (watch.output / name).unlink(missing_ok=True)
            return set(names) == set(watch.names("done"))

        watch.until(make_room)
        assert len(watch.names("done")) == len(names)
        assert watch.names("failed") == []
    assert visible(source) == set(names)


def test_folders_may_go_and_come_again(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    photo(source / "a.png")
    with watching(source, output, model) as watch:
        watch.until_done("a.png")
        source.rename(source.parent / "away")
        watch.until(lambda: "no such file or directory" in watch.log)
        shutil.rmtree(output)
        source.mkdir()
        photo(source / "b.png")
        watch.until_done("b.png")
        shutil.rmtree(source)
        (source.parent / "away").rename(source)
        photo(source / "c.png")
        watch.until_done("c.png")
    assert visible(output) >= {"b.png", "c.png"}


def test_names_that_are_no_text_stop_nothing(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    odd = os.fsdecode(b"\xff\xfe.png")
    try:
        shutil.copy(photo(source / "a.png"), source / odd)
    except OSError:
        pytest.skip("names are text on this file system")
    photo(source / "new\nline.png")
    with watching(source, output, model, "--give-up", 0) as watch:
        watch.until_done("a.png", "new\nline.png", "\\xff\\xfe.png")
    assert (output / odd).exists()
