"""Learning from other upscalers: what they are shown, what they teach, and when they cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch

from ganfx.errors import GanfxError
from ganfx.training.degradations import KINDS, Degradation
from ganfx.training.lessons import Lessons
from ganfx.training.photos import Photos
from tests import graphs
from tests.training.runs import train_mine
from tests.training.test_run import TINY

SETTINGS = Degradation(
    clean=0.4,
    camera=0.3,
    worn=0.3,
    camera_blur=(0.2, 1.0),
    camera_noise=(0.0, 4.0),
    camera_quality=(60, 95),
    worn_blur=(0.2, 1.0),
    worn_resize=(1.0, 1.6),
    worn_noise=(0.0, 4.0),
    worn_quality=(60, 95),
)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models: teachers that repeat pixels, for twice and for four times."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("GANFX_MODELS", str(folder))
    graphs.nearest(folder / "repeats.onnx", 2)
    graphs.nearest(folder / "repeats-x4.onnx", 4)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    coarse = pyvips.Image.new_from_array(np.random.default_rng(0).integers(0, 255, (30, 30, 3), np.uint8))
    coarse.resize(8).copy(interpretation="srgb").write_to_file(str(folder / "a.png"))
    return folder


def lessons(photos: Path, cleaning: object = None, after: tuple[str, ...] = (), **teachers: str) -> Lessons:
    torch.manual_seed(0)
    bank = Photos([photos], 64, torch.device("cpu"))
    taught_by = dict.fromkeys(KINDS, "repeats") | teachers
    return Lessons(bank, SETTINGS, cleaning, taught_by, 2, after_cleaning=after)  # type: ignore[arg-type]


def black(seen: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """A cleaner that leaves nothing."""
    return torch.zeros_like(seen)


def test_the_teacher_sees_the_degraded_picture_and_the_student_the_cleaned_one(models: Path, photos: Path) -> None:
    low_res, taught, high_res = lessons(photos, black).draw(6, 48)
    assert low_res.shape == (6, 3, 24, 24)
    assert taught.shape == high_res.shape == (6, 3, 48, 48)
    assert low_res.max() == 0
    # Of the same place: shrunk, both say the same.
    small = torch.nn.functional.avg_pool2d
    assert (small(taught, 8) - small(high_res, 8)).abs().mean() < 0.05


def test_a_teacher_is_shown_the_cleaned_picture_where_the_recipe_says_so(models: Path, photos: Path) -> None:
    _, taught, _ = lessons(photos, black, after=("camera",)).draw(100, 48)
    dark = (taught.amax((1, 2, 3)) == 0).float().mean()
    assert 0.15 < dark < 0.45  # three in ten pictures are a camera's


def test_what_repeats_pixels_teaches_to_repeat_pixels(models: Path, photos: Path) -> None:
    low_res, taught, _ = lessons(photos).draw(6, 48)
    assert torch.equal(taught, low_res.repeat_interleave(2, 2).repeat_interleave(2, 3))


@pytest.mark.parametrize(
    ("teachers", "error"),
    [({"camera": "repeats-x4"}, "scale"), ({"worn": "nobody"}, "nobody"), ({"rain": "repeats"}, "clean, camera, worn")],
)
def test_a_teacher_that_cannot_teach_is_one_clear_error(
    models: Path, photos: Path, teachers: dict[str, str], error: str
) -> None:
    with pytest.raises(GanfxError, match=error):
        lessons(photos, **teachers)


@pytest.mark.slow
def test_a_taught_network_is_at_once_a_filter(models: Path, photos: Path, tmp_path: Path) -> None:
    recipe = TINY + '[teachers]\nclean = "repeats"\ncamera = "repeats"\nworn = "repeats"\n'
    said, _ = train_mine(tmp_path, "upscale", recipe, photos, 0.07)
    assert "ganfx upscale -n mine" in said
