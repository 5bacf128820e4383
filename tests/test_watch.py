"""Watched folders as people use them: real processes, real files, and each picture made exactly once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import graphs, watch_memory
from tests.test_cli import ganfx, photo, size_of
from tests.watchers import SETTLE_S, watching


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return graphs.nearest(tmp_path_factory.mktemp("models") / "nearest.onnx", scale=2)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    return source, output


def visible(folder: Path) -> set[str]:
    """All files below `folder` but hidden ones."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if not any(part.startswith(".") for part in path.parts)}


def hidden(folder: Path) -> set[str]:
    """What lies hidden in `folder` besides the watcher's own journal and account."""
    found = {path.name for path in folder.rglob(".*") if path.is_file()}
    return {name for name in found if not name.startswith((".ganfx.sqlite", ".ganfx-watch-"))}


def tiny_png(number: int) -> bytes:
    """A PNG of 4x4 pixels, another for each number."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + struct.pack(">I", number) * 3
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(row * 4)) + chunk(b"IEND", b"")


def test_one_small_file_is_made_once_whatever_events_it_raises(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    with watching(source, output, model) as watch:
        photo(source / "a.png")
        watch.until_done("a.png")
        for _ in range(50):
            (source / "a.png").write_bytes((source / "a.png").read_bytes())
            (source / "a.png").touch()
            (source / "a.png").chmod(0o644)
        (source / "notes.txt").write_text("no picture")
        watch.until_quiet()
        assert [one["status"] for one in watch.said()] == ["done"]
        health = watch.health
    assert health is not None
    assert (health["done"], health["failed"]) == (1, 0)
    assert health["events"] >= 50
    assert size_of(output / "a.png") == (80, 60)
    assert hidden(output) == set()


def test_a_slow_copy_is_taken_when_it_is_whole(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    whole = photo(folders[0].parent / "whole.jpg", 300, 200).read_bytes()
    with watching(source, output, model) as watch, (source / "a.jpg").open("wb") as file:
        pauses = [0.2, 0.2, 3 * SETTLE_S, 0.2, 2 * SETTLE_S, 0.0]
        step = len(whole) // len(pauses) + 1
        for number, pause in enumerate(pauses):
            file.write(whole[number * step : (number + 1) * step])
            file.flush()
            assert watch.said() == []
            time.sleep(pause)
        watch.until_done("a.jpg")
        watch.until_quiet()
        assert len(watch.said()) == 1
    assert size_of(output / "a.jpg") == (600, 400)
    assert visible(source) == {"a.jpg"}


def test_however_a_picture_comes_it_is_made_once(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    outside = folders[0].parent / "outside"
    (outside / "album" / "deep").mkdir(parents=True)
    names = ["album/1.png", "album/deep/2.png"]
    for name in ("moved.png", *names):
        photo(outside / name)
    with watching(source, output, model) as watch:
        photo(source / "part.png").rename(source / "b.png")
        (source / "c.png.part").write_bytes((source / "b.png").read_bytes())
        (source / "c.png.part").rename(source / "c.png")
        (outside / "moved.png").rename(source / "moved.png")
        shutil.copytree(outside / "album", source / "copied")
        (outside / "album").rename(source / "album")
        wanted = {"b.png", "c.png", "moved.png", *names, "copied/1.png", "copied/deep/2.png"}
        watch.until_done(*wanted)
        watch.until_quiet()
        assert sorted(watch.names("done")) == sorted(wanted)
        assert len(watch.said()) == len(wanted)
    assert visible(output) == wanted


def test_a_storm_of_renames_ends_with_each_picture_made_once(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    with watching(source, output, model) as watch:
        for number in range(30):
            (source / f"{number}.0.png").write_bytes(tiny_png(number))
        for turn in range(1, 6):
            for number in range(30):
                (source / f"{number}.{turn - 1}.png").rename(source / f"{number}.{turn}.png")
        last = {f"{number}.5.png" for number in range(30)}
        watch.until_done(*last)
        watch.until_quiet()
        assert sorted(watch.names("done")) == sorted(last)
    assert visible(output) == last


def test_a_replaced_picture_is_made_again_and_replaces_only_its_own_result(
    folders: tuple[Path, Path], model: Path
) -> None:
    source, output = folders
    output.mkdir()
    (output / "b.png").write_text("somebody's own")
    photo(source / "a.png", 40, 30)
    photo(source / "b.png", 40, 30)
    with watching(source, output, model) as watch:
        watch.until_done("a.png", "b.png")
        for name in ("a.png", "b.png"):
            # As editors save.
            photo(source / f"{name}~.png", 50, 20).rename(source / name)
        watch.until(lambda: len(watch.names("done")) == 4)
        watch.until_quiet()
    assert (output / "b.png").read_text() == "somebody's own"
    assert visible(output) == {"a.png", "b.png", "b_png.png"}
    assert size_of(output / "a.png") == size_of(output / "b_png.png") == (100, 40)


def test_results_stay_and_those_taken_away_are_made_again_only_for_a_picture_that_comes_anew(
    folders: tuple[Path, Path], model: Path
) -> None:
    source, output = folders
    kept = photo(folders[0].parent / "kept.png").read_bytes()
    for name in ("gone.png", "taken.png"):
        (source / name).write_bytes(kept)
    with watching(source, output, model) as watch:
        watch.until_done("gone.png", "taken.png")
        (source / "gone.png").unlink()
        (output / "taken.png").rename(folders[0].parent / "elsewhere.png")
        (source / "taken.png").touch()
        watch.until_quiet()
    with watching(source, output, model) as watch:
        watch.until_quiet()
        assert watch.said() == []
        assert visible(output) == {"gone.png"}
        (source / "taken.png").unlink()
        watch.until_quiet()
        (source / "taken.png").write_bytes(kept)
        watch.until_done("taken.png")
    assert visible(output) == {"gone.png", "taken.png"}


def test_pictures_with_one_stem_get_a_result_each(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    photo(source / "a.jpg", 40, 30)
    photo(source / "a.png", 20, 10)
    with watching(source, output, model, "-f", "png", "--once") as watch:
        watch.process.wait(60)
        assert sorted(watch.names("done")) == ["a.jpg", "a.png"]
    assert len(visible(output)) == 2
    assert {size_of(path) for path in output.glob("*.png")} == {(80, 60), (40, 20)}


@pytest.mark.parametrize("inner", [".", "done"])
def test_results_among_the_pictures_are_no_pictures(inner: str, folders: tuple[Path, Path], model: Path) -> None:
    source, _ = folders
    output = source / inner
    for number in range(4):
        photo(source / f"{number}.png", 20 + number)
    for turn in range(2):
        with watching(source, output, model) as watch:
            if turn == 0:
                watch.until_done(*(f"{number}.png" for number in range(4)))
                photo(source / "later.png")
                watch.until_done("later.png")
            watch.until_quiet()
            assert len(watch.said()) == (5 if turn == 0 else 0)
    assert len(visible(source)) == 10
    assert {size_of(path)[0] for path in output.glob("later*.png")} >= {80}


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


def test_a_folder_may_have_its_own_recipe(folders: tuple[Path, Path], model: Path, tmp_path: Path) -> None:
    source, output = folders
    larger = graphs.nearest(tmp_path / "larger.onnx", scale=3)
    (source / "sub" / "deep").mkdir(parents=True)
    for name in ("a.png", "sub/b.png", "sub/deep/c.png"):
        photo(source / name)
    with watching(source, output, model) as watch:
        watch.until_done("a.png", "sub/b.png", "sub/deep/c.png")
        (source / "sub" / "ganfx.toml").write_text(f'recipe = "upscale:model={larger}"')
        watch.until(lambda: len(watch.names("done")) == 5)
        watch.until_quiet()
        (source / "sub" / "deep" / "ganfx.toml").write_text(f'recipe = "upscale:model={model}"')
        watch.until(lambda: len(watch.names("done")) == 6)
        (source / "sub" / "ganfx.toml").write_text('recipe = "upscole:4"')
        photo(source / "sub" / "d.png")
        watch.until(lambda: watch.names("waiting"))
        assert "upscole" in watch.log
    sizes = {name: size_of(output / name) for name in ("a.png", "sub/b.png", "sub/deep/c.png")}
    assert sizes == {"a.png": (80, 60), "sub/b.png": (120, 90), "sub/deep/c.png": (80, 60)}


def test_two_watchers_share_a_folder(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    with watching(source, output, model) as one, watching(source, output, model) as other:
        for number in range(80):
            (source / f"{number}.png").write_bytes(tiny_png(number))
        one.until(lambda: len(one.names("done")) + len(other.names("done")) == 80)
        one.until_quiet()
        other.until_quiet()
        made = one.names("done") + other.names("done")
        assert len(made) == len(set(made)) == 80
    assert len(visible(output)) == 80
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
        assert all(size_of(path)[0] == 400 for path in output.glob("*.png"))
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


def test_without_events_it_looks_by_itself(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    with watching(source, output, model, "--poll", 0.5) as watch:
        photo(source / "a.png")
        watch.until_done("a.png")
        health = watch.health
        assert health is not None
        assert health["events"] == 0


def test_what_no_event_told_of_is_found_by_a_look(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    # The folder is told nothing of what happens to a file by its other name.
    other = photo(source.parent / "other.png")
    os.link(other, source / "a.png")
    with watching(source, output, model) as watch:
        watch.until_done("a.png")
        other.write_bytes(photo(source.parent / "new.png", 50, 20).read_bytes())
        watch.until(lambda: len(watch.names("done")) == 2)
        assert "no event told of it" in watch.log
    assert size_of(output / "a.png") == (100, 40)


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
            for path in watch.output.glob("*.png"):
                path.unlink(missing_ok=True)
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
        watch.until_done("a.png", "new\nline.png")
        watch.until(lambda: watch.names("failed") == [odd])
    assert (source / "failed" / odd).exists()


@pytest.fixture
def quick_folders(folders: tuple[Path, Path]) -> Iterator[tuple[Path, Path]]:
    """Folders in memory, where that can be had: thousands of files are written to the disk one by one otherwise."""
    if not os.access("/dev/shm", os.W_OK):
        yield folders
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        source = Path(name) / "in"
        source.mkdir()
        yield source, Path(name) / "out"


@pytest.mark.timeout(1200)
def test_a_burst_of_five_thousand_files_loses_and_doubles_none(quick_folders: tuple[Path, Path], model: Path) -> None:
    source, output = quick_folders
    count = 5000
    with watching(source, output, model) as watch:
        for number in range(count):
            (source / f"{number}.png").write_bytes(tiny_png(number))
        watch.until(lambda: (watch.health or {}).get("done", 0) >= count, deadline_s=1000)
        watch.until_quiet()
        made, health = watch.names("done"), watch.health
    assert health is not None
    figures = {"in": count, "out": len(visible(output)), "doubled": len(made) - len(set(made))}
    print(figures, f"{health['events']} events seen")
    assert figures == {"in": count, "out": count, "doubled": 0}


@pytest.mark.timeout(1200)
def test_memory_does_not_grow(tmp_path: Path) -> None:
    held = list(watch_memory.measure(tmp_path, count=72, batch=12))
    # It goes up and down with what is in work; what leaks only goes up.
    assert min(held[3:]) < max(held[:3]) + 5
