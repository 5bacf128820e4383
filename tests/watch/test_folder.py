"""A watched folder as a library call, without the command line."""

from __future__ import annotations

import doctest
import threading
import time
from pathlib import Path

import pytest

from ganfx.errors import OptionError
from ganfx.watch import WatchOptions, folder, open_watcher, watch_folder
from tests.batch.batches import photo, photos, results


@pytest.mark.weights
def test_the_example_in_the_docstring_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("beach.jpg", "harbor.jpg"):
        photo(Path("incoming") / name)
    (example,) = doctest.DocTestFinder(recurse=False).find(watch_folder, "watch_folder", globs=dict(vars(folder)))
    assert doctest.DocTestRunner().run(example) == (0, 3)
    assert {"beach.jpg", "harbor.jpg"} <= set(results(Path("better")))


def test_options_decide_how_results_are_saved_and_the_second_time_nothing_is_made(tmp_path: Path, model: Path) -> None:
    options = WatchOptions(settle_s=0, once=True, format="webp")
    steps = f"upscale:model={model}"
    source, output = photos(tmp_path / "in", 2), tmp_path / "out"
    made = sorted(outcome.item.target.name for outcome in watch_folder(source, output, steps, options))
    assert made == ["000.webp", "001.webp"]
    assert list(watch_folder(source, output, steps, options)) == []


def test_stop_from_another_thread_ends_it(tmp_path: Path, model: Path) -> None:
    source = photos(tmp_path / "in", 1)
    watcher = open_watcher(source, tmp_path / "out", f"upscale:model={model}", WatchOptions(settle_s=0))
    outcomes = watcher.run()
    assert next(outcomes).status == "done"
    threading.Timer(0.2, watcher.stop).start()
    started = time.monotonic()
    assert list(outcomes) == []
    assert time.monotonic() - started < 30
    assert watcher.health.ended is not None


def test_what_cannot_be_watched_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no folder"):
        open_watcher(tmp_path / "absent", tmp_path)
    with pytest.raises(OptionError, match="no recipe or filter"):
        open_watcher(tmp_path, tmp_path, "upscald")
    with pytest.raises(OptionError, match="no masks"):
        open_watcher(tmp_path, tmp_path, "inpaint")


@pytest.mark.parametrize(
    "recipe",
    [
        "[recipes.mine]\nsteps = 'upscale:4'\nname = '../../../outside{ext}'",
        "[recipes.mine]\nsteps = 'upscale:4'\nname = '/tmp/outside{ext}'",
        "[recipes.mine]\nsteps = 'upscale:model=../outside.onnx'",
        "[recipes.mine]\nsteps = 'inpaint'",
    ],
)
def test_a_recipe_in_a_folder_leads_nowhere_else_and_holds_up_that_folder_alone(
    recipe: str, tmp_path: Path, model: Path
) -> None:
    source, output = photos(tmp_path / "in", 1), tmp_path / "out"
    photo(source / "album" / "a.png")
    (source / "album" / "ganfx.toml").write_text(f"recipe = 'mine'\n{recipe}")
    before = set(results(tmp_path))
    options = WatchOptions(settle_s=0, once=True)
    outcomes = {one.item.source.name: one for one in watch_folder(source, output, f"upscale:model={model}", options)}
    assert (outcomes["000.jpg"].status, outcomes["a.png"].status) == ("done", "waiting")
    assert outcomes["a.png"].error
    assert outcomes["a.png"].error.code == "option"
    made = {name for name in set(results(tmp_path)) - before if not Path(name).name.startswith(".ganfx")}
    assert made == {"out/000.jpg"}
