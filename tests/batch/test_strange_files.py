"""A batch meets pipes, devices and links in a circle: each is an item that failed, and the rest is made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ganfx.batch import BatchOptions, run_folder
from ganfx.batch.fingerprints import FileFingerprint
from ganfx.errors import UnreadableError
from ganfx.files import MaskSource
from tests import graphs
from tests.batch.batches import photo

pytestmark = pytest.mark.timeout(30)


@pytest.fixture(scope="module")
def folder_of_graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def strange(tmp_path: Path) -> list[Path]:
    """A pipe, a device and a link to itself, with names of pictures."""
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "circle.png").symlink_to("circle.png")
    return [tmp_path / name for name in ("pipe.png", "zero.png", "circle.png")]


def test_what_is_no_file_fails_as_an_item_with_a_hint(
    tmp_path: Path, folder_of_graphs: Path, strange: list[Path]
) -> None:
    steps = f"upscale:model={graphs.nearest(folder_of_graphs / 'nearest.onnx', scale=2)}"
    good = photo(tmp_path / "good.png")
    outcomes = list(run_folder([*strange, good], steps, BatchOptions(output=tmp_path / "out")))
    assert {one.item.source.name: one.status for one in outcomes} == {
        **{path.name: "failed" for path in strange},
        "good.png": "done",
    }
    errors = [one.error for one in outcomes if one.error]
    assert all(isinstance(error, UnreadableError) and error.hint for error in errors)


@pytest.mark.parametrize("number", range(2))
def test_a_mask_that_is_no_file_fails_as_an_item(
    tmp_path: Path, folder_of_graphs: Path, strange: list[Path], number: int
) -> None:
    steps = f"inpaint:model={graphs.constant_fill(folder_of_graphs / 'fill.onnx', (0.5, 0.5, 0.5))}"
    options = BatchOptions(output=tmp_path / "out", mask=MaskSource(strange[number]))
    (outcome,) = run_folder([photo(tmp_path / "good.png")], steps, options)
    assert isinstance(outcome.error, UnreadableError)


def test_a_fingerprint_waits_for_no_pipe(strange: list[Path]) -> None:
    for path in strange:
        with pytest.raises(UnreadableError):
            FileFingerprint.of(path)
