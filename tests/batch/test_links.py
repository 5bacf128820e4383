"""Results are written where they were meant to be, whatever links a folder came with."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ganfx.batch import BatchOptions, records, run_folder
from ganfx.batch.process import Outcome
from tests import graphs
from tests.batch.batches import photo, photos, save

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a right of their own")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"upscale:model={graphs.nearest(tmp_path_factory.mktemp('models') / 'nearest.onnx', scale=2)}"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


def by_name(*arguments: object) -> dict[str, Outcome]:
    return {outcome.item.source.name: outcome for outcome in run_folder(*arguments)}  # type: ignore[arg-type]


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("beside", [False, True])
def test_a_link_where_a_result_belongs_is_an_error_of_that_picture(
    exists: bool, beside: bool, tmp_path: Path, elsewhere: Path, steps: str
) -> None:
    album = photos(tmp_path / "album", 2)
    out = album if beside else tmp_path / "out"
    out.mkdir(exist_ok=True)
    victim = elsewhere / "env"
    if exists:
        victim.write_text("precious")
    (out / ("000_x2_nearest.jpg" if beside else "000.jpg")).symlink_to(victim)
    done = by_name(album, steps, BatchOptions(output=None if beside else out, overwrite=True))
    assert (done["000.jpg"].status, done["001.png"].status) == ("failed", "done")
    assert "is a link" in str(done["000.jpg"].error)
    assert done["000.jpg"].error
    assert done["000.jpg"].error.hint
    assert [path.read_text() for path in elsewhere.iterdir()] == (["precious"] if exists else [])


def test_folders_of_results_that_are_links_are_not_entered(tmp_path: Path, elsewhere: Path, steps: str) -> None:
    photo(tmp_path / "album" / "x" / "a.jpg")
    photo(tmp_path / "album" / "y" / "deep" / "b.jpg")
    (tmp_path / "out" / "y").mkdir(parents=True)
    (tmp_path / "out" / "x").symlink_to(elsewhere)
    (tmp_path / "out" / "y" / "deep").symlink_to(elsewhere / "made")
    done = by_name(tmp_path / "album", steps, BatchOptions(output=tmp_path / "out", recursive=True))
    assert {outcome.status for outcome in done.values()} == {"failed"}
    assert list(elsewhere.iterdir()) == []


def test_links_that_the_user_names_are_followed_and_stay(tmp_path: Path, elsewhere: Path, steps: str) -> None:
    source = photo(tmp_path / "a.png")
    (tmp_path / "best.png").symlink_to(elsewhere / "best.png")
    (tmp_path / "out").symlink_to(elsewhere)
    assert by_name(source, steps, BatchOptions(output=tmp_path / "best.png"))["a.png"].status == "done"
    assert by_name(source, steps, BatchOptions(output=tmp_path / "out"))["a.png"].status == "done"
    assert (tmp_path / "best.png").is_symlink()
    assert {path.name for path in elsewhere.glob("[!.]*")} == {"best.png", "a.png"}


def test_a_mask_is_not_saved_through_a_link(tmp_path: Path, elsewhere: Path) -> None:
    fill, find = graphs.constant_fill(tmp_path / "fill.onnx", (1, 0, 0)), graphs.brightness(tmp_path / "find.onnx")
    scratched = np.full((40, 60, 3), 40, np.uint8)
    scratched[:, 30] = 255
    album = tmp_path / "album"
    for name in ("000.jpg", "001.png"):
        save(album / name, scratched)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "000.png").symlink_to(elsewhere / "mask")
    options = BatchOptions(output=tmp_path / "out", mask_output=tmp_path / "masks")
    done = by_name(album, f"heal:model={fill}:finder={find}", options)
    assert (done["000.jpg"].status, done["001.png"].status) == ("failed", "done")
    assert list(elsewhere.iterdir()) == []


def test_a_link_that_is_exchanged_while_it_is_followed_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exchanged(path: object) -> str:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os.path, "realpath", exchanged)
    assert records.followed(tmp_path / "a.png") == records.real(tmp_path / "a.png") == tmp_path / "a.png"
