"""Cleaning keeps light, flat areas and everything where it may not work, whatever the network does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganfx import pipeline
from ganfx.errors import MaskError, OptionError
from ganfx.filters.clean.processing import BUSY, busy_share, strength_of
from ganfx.imaging.fidelity import BLOCK
from ganfx.imaging.picture import Picture, PictureInfo
from ganfx.pipeline import EngineOptions
from ganfx.spec import Control, ModelSpec
from ganfx.text import Detail
from tests import graphs

Clean = Callable[..., Picture]


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clean:
    """`ganfx clean` by a network that multiplies by the strength, whose estimate is the mean of red."""
    strength = Control("strength", default=0.3, estimator="level")
    path = graphs.controlled(tmp_path / "c.onnx", ModelSpec("c", "clean", receptive_field=0, controls=(strength,)))
    level = graphs.brightness(tmp_path / "level.onnx", "level")
    monkeypatch.setattr(pipeline.loading, "find_model", lambda name, task, selectors: Path(name or level))

    def run(picture: Picture, **options: object) -> Picture:
        mask = options.pop("mask", None)
        engine = EngineOptions(provider="cpu", tile=64)
        return pipeline.apply(picture, "clean", model=str(path), mask=mask, engine=engine, **options)  # type: ignore[arg-type]

    return run


def scene(height: int = 150, width: int = 130, level: float = 0.5) -> Picture:
    random = np.random.default_rng(1)
    return Picture(np.clip(level + random.normal(0, 0.08, (height, width, 3)), 0, 1).astype(np.float32))


def block_means(rgb: np.ndarray) -> np.ndarray:
    rows, columns = rgb.shape[0] // BLOCK, rgb.shape[1] // BLOCK
    return rgb[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, 3).mean((1, 3))


def test_detail_goes_and_light_stays(clean: Clean) -> None:
    picture = scene()
    result = clean(picture, strength=0.25).rgb
    assert result.std() < 0.4 * picture.rgb.std()
    assert np.abs(block_means(result) - block_means(picture.rgb)).max() < 0.5 / 255


def test_damage_that_lies_in_a_small_part_of_a_picture_counts_more() -> None:
    """Compression leaves the white around a drawing as it was: its mean over all says too little."""
    everywhere = scene(160, 160)
    drawing = Picture(np.ones((160, 160, 3), np.float32))
    drawing.rgb[:80, :80] = everywhere.rgb[:80, :80]
    levels = [np.full((160, 160), 0.06, np.float32)]
    assert busy_share(everywhere.rgb) == 1
    assert busy_share(drawing.rgb) == 0.25
    assert strength_of(levels, [everywhere]) == pytest.approx(0.06)
    assert strength_of(levels, [drawing]) == pytest.approx(0.06 * (BUSY / 0.25) ** 0.5)
    assert strength_of(levels, [Picture(np.ones((160, 160, 3), np.float32))]) < 0.2


def test_strength_auto_is_estimated_and_told(clean: Clean) -> None:
    picture = scene(level=0.25)
    result = clean(picture)
    value = round(float(picture.rgb[..., 0].mean()), 3)
    assert result.info.notes == (f"clean: strength auto is {value:.2f}",)
    assert not isinstance(result.info.notes[0], Detail)
    np.testing.assert_allclose(result.rgb, clean(picture, strength=value).rgb, atol=1e-5)


def test_a_picture_that_looks_clean_comes_back_bit_for_bit(clean: Clean) -> None:
    picture = scene(level=0.02)
    dark = Picture(np.minimum(picture.rgb, 0.015))
    result = clean(dark)
    np.testing.assert_array_equal(result.rgb, dark.rgb)
    assert result.info.notes == (Detail("clean: strength auto is 0.00"),)
    assert isinstance(result.info.notes[0], Detail)
    np.testing.assert_array_equal(clean(picture, strength=0).rgb, picture.rgb)


def test_texture_beside_calm_places_is_no_strong_noise(clean: Clean) -> None:
    picture = scene(level=0.5)
    picture.rgb[:, 50:] = 0.5 + np.linspace(0, 0.01, 80, dtype=np.float32)[:, None]
    assert clean(picture).info.notes == ("clean: strength auto is 0.20",)
    assert clean(scene(level=0.5)).info.notes == ("clean: strength auto is 0.50",)


def test_flat_areas_stay_exactly(clean: Clean) -> None:
    picture = scene()
    picture.rgb[40:90, 30:100] = (1.0, 0.8, 0.3)
    result = clean(picture, strength=0.4).rgb
    np.testing.assert_array_equal(result[42:88, 32:98], picture.rgb[42:88, 32:98])
    assert not np.array_equal(result, picture.rgb)


def test_the_mask_says_where(clean: Clean) -> None:
    picture = scene()
    mask = np.zeros((150, 130), np.float32)
    mask[50:100], mask[100:110] = 1, 0.5
    everywhere, there = clean(picture, strength=0.3).rgb, clean(picture, strength=0.3, mask=mask).rgb
    np.testing.assert_array_equal(there[:50], picture.rgb[:50])
    np.testing.assert_array_equal(there[110:], picture.rgb[110:])
    np.testing.assert_array_equal(there[50:100], everywhere[50:100])
    np.testing.assert_allclose(there[100:110], (everywhere + picture.rgb)[100:110] / 2, atol=1e-6)
    with pytest.raises(MaskError, match="mask is 20x10"):
        clean(picture, strength=0.3, mask=np.zeros((10, 20), np.float32))


def test_grain_can_stay_without_its_colors(clean: Clean) -> None:
    picture = scene()
    result = clean(picture, strength=0.1, preserve_grain=1.0).rgb
    light, before = (rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32) for rgb in (result, picture.rgb))
    np.testing.assert_allclose(light, before, atol=2e-3)
    chroma = (result - light[..., None]).std()
    assert chroma < 0.5 * (picture.rgb - before[..., None]).std()


def test_grey_alpha_and_wide_gamut_stay_what_they_are(clean: Clean) -> None:
    grey = np.repeat(scene().rgb[..., :1], 3, 2)
    result = clean(Picture(grey, info=PictureInfo(grey=True)), strength=0.3).rgb
    assert np.ptp(result, axis=2).max() == 0
    alpha = np.random.default_rng(2).random((150, 130), np.float32)
    np.testing.assert_array_equal(clean(Picture(scene().rgb, alpha), strength=0.3).alpha, alpha)  # type: ignore[arg-type]
    wide = scene().rgb.copy()
    wide[:, :60, 0] += 0.6
    result = clean(Picture(wide), strength=0.9).rgb
    assert np.abs(block_means(result)[:, 0] - block_means(wide)[:, 0]).max() < 0.5 / 255


def test_one_result_however_the_picture_is_cut(clean: Clean, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = scene(700, 90)
    tall = clean(picture, strength=0.3).rgb
    monkeypatch.setattr("ganfx.pipeline.streaming._stream_strips", pipeline.streaming._run_whole)
    np.testing.assert_allclose(tall, clean(picture, strength=0.3).rgb, atol=0.1 / 255)


def test_impossible_strengths_are_refused(clean: Clean) -> None:
    with pytest.raises(OptionError, match="is not between 0 and 1"):
        clean(scene(), strength=1.5)
