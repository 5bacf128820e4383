"""Watched folders as people use them: real processes, real files, and each picture made exactly once."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from tests import graphs
from tests.cli.test_commands import photo, size_of
from tests.files.animations import MILLISECONDS, moving, save, timing
from tests.watch.watchers import SETTLE_S, hidden, tiny_png, visible, watching

pytestmark = pytest.mark.slow


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


def test_an_animation_is_taken_once_all_its_frames_are_there(folders: tuple[Path, Path], model: Path) -> None:
    source, output = folders
    whole = save(folders[0].parent / "whole.gif", moving()).read_bytes()
    with watching(source, output, model) as watch:
        (source / "a.gif").write_bytes(whole[: len(whole) // 2])
        time.sleep(4 * SETTLE_S)
        assert watch.said() == []
        (source / "a.gif").write_bytes(whole)
        watch.until_done("a.gif")
        assert watch.said()[0]["frames"] == 5
    assert timing(output / "a.gif")[0] == MILLISECONDS


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


def test_a_folder_may_have_its_own_recipe(folders: tuple[Path, Path], model: Path, tmp_path: Path) -> None:
    source, output = folders
    larger = graphs.nearest(tmp_path / "larger.onnx", scale=3)
    (source / "sub" / "deep").mkdir(parents=True)
    for name in ("a.png", "sub/b.png", "sub/deep/c.png"):
        photo(source / name)
    with watching(source, output, model, "--allow-model-files") as watch:
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
