"""A batch as a library call: planned, run and reported without the command line."""

from __future__ import annotations

import doctest
import threading
import traceback
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

import ganfx
from ganfx.batch import BatchOptions, folder, plan_batch, run_folder
from ganfx.batch.items import Item
from ganfx.batch.recipes import Recipe
from ganfx.errors import MaskError, OptionError
from ganfx.files import MaskSource
from tests import graphs
from tests.batch.batches import photo, photos, results

PACKAGE = Path(ganfx.__file__).parent
# Of ganfx, between the thread of a batch that makes a picture and onnxruntime.
MOST_FRAMES, MOST_FILES = 11, 7


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"upscale:model={graphs.nearest(tmp_path_factory.mktemp('models') / 'nearest.onnx', scale=2)}:clean=off"


@pytest.mark.weights
def test_the_example_in_the_docstring_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("beach.jpg", "harbor.jpg"):
        photo(Path("holiday") / name)
    (example,) = doctest.DocTestFinder(recurse=False).find(run_folder, "run_folder", globs=dict(vars(folder)))
    assert doctest.DocTestRunner().run(example) == (0, 3)
    assert set(results(Path("large"))) == {"beach.png", "harbor.png"}


def test_a_plan_writes_nothing_and_says_what_it_left_out(tmp_path: Path, steps: str) -> None:
    pictures = photos(tmp_path / "in", 3)
    assert {outcome.status for outcome in run_folder(pictures, steps)} == {"done"}
    before = results(tmp_path)
    batch = plan_batch([pictures], steps, BatchOptions(overwrite=True, quality=50))
    assert [item.source.name for item in batch.items] == ["000.jpg", "001.png", "002.jpg"]
    assert batch.notes == ("3 results of earlier runs are left out",)
    assert {outcome.status for outcome in batch.dry_run()} == {"to be made"}
    assert results(tmp_path) == before


def test_progress_comes_from_several_threads_and_reaches_the_end(tmp_path: Path, steps: str) -> None:
    shares: dict[Item, list[float]] = {}
    sizes: dict[Item, float] = {}
    lock = threading.Lock()

    def progress(item: Item, share: float, megapixels: float, frames: int) -> None:
        with lock:
            shares.setdefault(item, []).append(share)
            sizes[item] = megapixels

    outcomes = list(run_folder(photos(tmp_path / "in", 3), steps, progress=progress))
    assert set(shares) == {outcome.item for outcome in outcomes}
    assert sizes == {outcome.item: outcome.megapixels for outcome in outcomes}
    assert all(told[0] == 0 and told[-1] == 1 and told == sorted(told) for told in shares.values())


def test_options_go_before_what_the_recipe_says(tmp_path: Path, steps: str) -> None:
    recipe = Recipe(Recipe.of(steps).steps, format="webp", name="{stem}-large{ext}")
    options = BatchOptions(output=tmp_path / "out", format="png", report=tmp_path / "report.html")
    assert [outcome.status for outcome in run_folder(photo(tmp_path / "a.jpg"), recipe, options)] == ["done"]
    assert set(results(tmp_path / "out")) == {"a-large.png"}
    assert "<h2>a.jpg</h2>" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("recipe", "options", "words"),
    [
        ("upscale:2", BatchOptions(overwrite=True, skip_existing=True), "exclude each other"),
        ("upscale:2", BatchOptions(mask=MaskSource()), "no step takes a mask"),
        ("inpaint", BatchOptions(), "inpaint needs a mask"),
        ("upscale:2", BatchOptions(name="{stem}/{ext}"), "is a path"),
        ("upscald:2", BatchOptions(), "upscald"),
    ],
)
def test_contradictions_are_found_before_a_model_is_opened(
    recipe: str, options: BatchOptions, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recipe, "open", lambda *arguments: pytest.fail("a model was opened"))
    with pytest.raises(OptionError, match=words):
        plan_batch(photo(tmp_path / "a.png"), recipe, options)


@pytest.mark.weights
def test_a_picture_without_its_mask_fails_alone(tmp_path: Path) -> None:
    photo(tmp_path / "masks" / "000.png")
    options = BatchOptions(output=tmp_path / "out", mask=MaskSource(tmp_path / "masks"))
    outcomes = {one.item.source.name: one for one in run_folder(photos(tmp_path / "in", 2), "inpaint", options)}
    assert outcomes["000.jpg"].status == "done"
    assert isinstance(outcomes["001.png"].error, MaskError)


def test_the_way_to_the_network_is_short(tmp_path: Path, steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stacks: list[list[Path]] = []
    run_session = onnxruntime.InferenceSession.run

    def spy(*arguments: Any, **options: Any) -> Any:
        files = [Path(frame.filename) for frame in traceback.extract_stack()]
        stacks.append([file for file in files if file.is_relative_to(PACKAGE)])
        return run_session(*arguments, **options)

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", spy)
    assert [outcome.status for outcome in run_folder(photo(tmp_path / "a.png"), steps)] == ["done"]
    # Opening a network runs it too, on this very thread.
    way = [stack for stack in stacks if PACKAGE / "batch" / "run.py" in stack]
    assert way
    assert max(map(len, way)) <= MOST_FRAMES
    assert max(len(set(stack)) for stack in way) <= MOST_FILES
