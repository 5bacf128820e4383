"""Healing: what is found, how sure one must be of it, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

import ganfx
from ganfx.cli import main
from ganfx.errors import OptionError
from ganfx.filters.heal.processing import damage_mask
from ganfx.imaging.picture import Picture
from tests import graphs

COLOR = (0.2, 0.0, 1.0)
HEIGHT, WIDTH = 90, 110


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """(the one that fills, the one that finds)."""
    folder = tmp_path_factory.mktemp("models")
    return str(graphs.constant_fill(folder / "fill.onnx", COLOR)), str(graphs.brightness(folder / "find.onnx"))


def scratched() -> NDArray[np.float32]:
    """A dark picture with a bright line."""
    rgb = np.full((HEIGHT, WIDTH, 3), 0.1, np.float32)
    rgb[40:43, 10:100] = 0.9
    return rgb


def heal(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["heal", *map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def save(path: Path, rgb: NDArray[np.float32]) -> Path:
    samples = np.rint(rgb * 255).astype(np.uint8)
    pyvips.Image.new_from_array(samples).copy(interpretation="srgb").write_to_file(str(path))
    return path


def load(path: Path) -> NDArray[np.generic]:
    samples: NDArray[np.generic] = pyvips.Image.new_from_file(str(path)).numpy()
    return samples


def test_damage_is_found_and_filled_and_the_rest_stays(models: tuple[str, str]) -> None:
    picture = Picture(scratched())
    healed = ganfx.apply(picture, "heal", model=models[0], finder=models[1], grow=1)
    line = np.zeros((HEIGHT, WIDTH), bool)
    line[39:44, 10:100] = True
    assert np.array_equal(healed.rgb[38], picture.rgb[38])
    assert np.allclose(healed.rgb[40:43, 10:100], COLOR, atol=1e-3)
    assert (healed.rgb != picture.rgb).any(-1).sum() <= line.sum() + 2 * 5


def test_faint_damage_counts_where_it_goes_on_from_clear_damage() -> None:
    likely = np.zeros((20, 60), np.float32)
    likely[5, 5:30], likely[5, 30:50] = 0.9, 0.4
    likely[15, 5:50] = 0.4
    mask = damage_mask(likely, {"sensitivity": 0.5})
    assert mask[5, 5:50].all()
    assert not mask[15].any()


def test_sensitivity_finds_more_step_by_step() -> None:
    likely = np.random.default_rng(0).random((50, 50), np.float32)
    sizes = [damage_mask(likely, {"sensitivity": value}).sum() for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_the_mask_can_be_kept_edited_and_given_to_inpaint(tmp_path: Path, models: tuple[str, str]) -> None:
    fill, find = models
    photo = save(tmp_path / "old.png", scratched())
    assert heal(photo, "-n", fill, "--finder", find, "--grow", 0, "--save-mask", tmp_path / "mask.png") == 0
    mask = load(tmp_path / "mask.png")
    assert mask.shape[:2] == (HEIGHT, WIDTH)
    assert (mask.squeeze() > 0).sum() == 3 * 90
    with pytest.raises(SystemExit) as ended:
        main(
            ["inpaint", str(photo), "--mask", str(tmp_path / "mask.png"), "-n", fill, "-o", str(tmp_path / "again.png")]
        )
    assert ended.value.code == 0
    assert np.array_equal(load(tmp_path / "again.png"), load(tmp_path / "old_healed.png"))


def test_masks_of_several_pictures_get_their_names(tmp_path: Path, models: tuple[str, str]) -> None:
    for name in "ab":
        save(tmp_path / f"{name}.png", scratched())
    arguments = [tmp_path / "a.png", tmp_path / "b.png", "-n", models[0], "--finder", models[1], "-o", tmp_path / "out"]
    assert heal(*arguments, "--save-mask", tmp_path / "masks") == 0
    assert sorted(path.name for path in (tmp_path / "masks").glob("*.png")) == ["a.png", "b.png"]


def test_a_mask_never_replaces_a_picture(tmp_path: Path, models: tuple[str, str]) -> None:
    photo = save(tmp_path / "old.png", scratched())
    before = photo.read_bytes()
    assert heal(photo, "-n", models[0], "--finder", models[1], "--save-mask", photo, "--overwrite") == 2
    assert photo.read_bytes() == before


def test_an_undamaged_picture_is_copied_and_that_is_said(
    tmp_path: Path, models: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    photo = save(tmp_path / "clean.png", np.full((40, 50, 3), 0.1, np.float32))
    assert heal(photo, "-n", models[0], "--finder", models[1]) == 0
    assert (tmp_path / "clean_healed.png").read_bytes() == photo.read_bytes()
    assert "nothing was found to fill" in capsys.readouterr().err


def test_other_filters_have_no_finder(models: tuple[str, str]) -> None:
    with pytest.raises(OptionError, match="does not look for anything"):
        ganfx.apply(Picture(scratched()), "inpaint", model=models[0], finder=models[1])
