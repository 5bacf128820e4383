"""Colors of another picture: a palette for paintings, a reference for black-and-white photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import ganfx
from ganfx.engine import EngineOptions
from ganfx.errors import GanfxError, OptionError
from ganfx.files import save_picture
from ganfx.imaging.color import lab_of
from ganfx.imaging.color_transfer import LinearTransfer, matched_chroma
from ganfx.imaging.picture import Picture
from ganfx.pipeline import Step, load_chain
from ganfx.spec import ModelSpec
from tests import graphs

Floats = NDArray[np.float32]


def speckled(color: tuple[float, float, float], seed: int = 0, side: int = 96) -> Picture:
    random = np.random.default_rng(seed)
    noise = 0.06 * random.standard_normal((side, side, 3)).astype(np.float32)
    return Picture(np.clip(np.float32(color) + noise, 0, 1))


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A style that changes nothing."""
    path = tmp_path_factory.mktemp("models") / "same.onnx"
    return str(graphs.identity(path, ModelSpec("same", "stylize", receptive_field=0)))


@pytest.fixture
def red(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    save_picture(speckled((0.8, 0.3, 0.2), 1), path)
    return path


def test_a_painting_takes_the_colors_of_the_palette_and_keeps_its_shapes(same: str, red: Path) -> None:
    source = speckled((0.3, 0.4, 0.7))
    source.rgb[30:60, 30:60] *= 0.8
    result = ganfx.apply(source, "stylize", model=same, detail="native", palette=str(red))
    wanted, found = (lab_of(rgb).mean((0, 1)) for rgb in (speckled((0.8, 0.3, 0.2), 1).rgb, result.rgb))
    assert np.abs(wanted - found).max() < 3
    light = [lab_of(rgb)[..., 0].ravel() for rgb in (source.rgb, result.rgb)]
    assert np.corrcoef(*light)[0, 1] > 0.7


def test_tiles_and_strips_have_the_same_colors(same: str, red: Path) -> None:
    source = speckled((0.3, 0.4, 0.7), side=300)
    source.rgb[:150] *= 0.3
    whole, cut = (
        ganfx.apply(source, "stylize", model=same, detail="native", palette=str(red), engine=EngineOptions(tile=tile))
        for tile in (512, 32)
    )
    np.testing.assert_allclose(whole.rgb, cut.rgb, atol=1e-4)


def test_strength_0_is_the_photograph_whatever_the_palette(same: str, red: Path) -> None:
    source = speckled((0.3, 0.4, 0.7))
    result = ganfx.apply(source, "stylize", model=same, palette=str(red), strength=0)
    np.testing.assert_allclose(result.rgb, source.rgb, atol=2e-3)


def test_a_palette_and_the_photographs_own_colors_exclude_each_other(same: str, red: Path) -> None:
    with pytest.raises(OptionError, match="leaves a palette nothing to do"):
        ganfx.apply(speckled((0.5, 0.5, 0.5)), "stylize", model=same, palette=str(red), keep_color=True)


@pytest.mark.parametrize(("filter_", "option"), [("stylize", "palette"), ("colorize", "reference")])
def test_a_file_that_is_no_picture_is_named_before_any_work(tmp_path: Path, filter_: str, option: str) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    for name in ("notes.txt", "missing.png", ".", "x" * 400):
        with pytest.raises(GanfxError, match=name if name != "." else "folder"):
            load_chain([Step(filter_, {option: str(tmp_path / name)})], EngineOptions())


def test_results_are_made_again_when_the_palette_has_changed(same: str, red: Path) -> None:
    """Up to date is what was made with the same pixels, not with the same name."""
    first = load_chain([Step("stylize", {"palette": str(red)}, same)], EngineOptions()).fingerprint
    save_picture(speckled((0.1, 0.9, 0.2), 1), red.with_name("green.png"))
    red.with_name("green.png").replace(red)
    assert load_chain([Step("stylize", {"palette": str(red)}, same)], EngineOptions()).fingerprint != first


def test_contrast_and_noise_are_not_raised_without_limit() -> None:
    even, strong = lab_of(speckled((0.5, 0.5, 0.5)).rgb) * 0.01, lab_of(np.random.default_rng(0).random((64, 64, 3)))
    moved = LinearTransfer.between(np.asarray(even, np.float32), np.asarray(strong, np.float32))(even)
    assert (moved.std((0, 1)) / even.std((0, 1))).max() < 4
    assert np.linalg.eigvalsh(LinearTransfer.between(even, strong).gain).max() <= 2.5 + 1e-9


def test_a_photograph_takes_the_colors_of_its_reference_place_by_place(tmp_path: Path) -> None:
    """Even light is the sky's and rough dark the meadow's, in the reference and here."""

    def landscape(seed: int, horizon: int) -> Floats:
        rgb = np.empty((160, 200, 3), np.float32)
        rgb[:horizon], rgb[horizon:] = (0.55, 0.7, 0.95), (0.25, 0.45, 0.15)
        rough = np.random.default_rng(seed).standard_normal((160 - horizon, 200, 1)).astype(np.float32)
        rgb[horizon:] *= 1 + 0.25 * rough
        return np.clip(rgb, 0, 1)

    save_picture(Picture(landscape(0, 60)), tmp_path / "reference.png")
    own = landscape(1, 100)
    grey = np.repeat(own @ np.float32([[0.2126], [0.7152], [0.0722]]), 3, 2)
    model = str(graphs.one_color(tmp_path / "grey.onnx", (0.0, 0.0)))
    result = ganfx.apply(Picture(grey), "colorize", model=model, reference=str(tmp_path / "reference.png"))
    wanted, found = lab_of(own)[..., 1:], lab_of(result.rgb)[..., 1:]
    for rows in (slice(10, 90), slice(110, 150)):
        assert np.abs(wanted[rows].mean((0, 1)) - found[rows].mean((0, 1))).max() < 8


def test_small_pictures_and_one_color_are_no_trouble() -> None:
    one = np.full((1, 1), 0.5, np.float32)
    guess = np.zeros((1, 1, 2), np.float32)
    assert matched_chroma(one, guess, np.float32([[[50, 10, 20]]]), guess).tolist() == [[[10, 20]]]
