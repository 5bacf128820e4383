"""Enlarging keeps light and flat areas, and takes as much of the network as is asked for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ganfx import pipeline
from ganfx.imaging.picture import Picture
from ganfx.pipeline import EngineOptions
from ganfx.spec import Control, ModelSpec
from tests import graphs

SCALE = 4


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A network that darkens what it repeats by 4 %, as a poorly trained one might."""
    path = graphs.nearest(tmp_path / "x4.onnx", SCALE)
    return str(graphs.darkened(path, 0.96))


def enlarged(model: str, rgb: np.ndarray, *, tile: int = 64, clean: float | str = 0, **options: float) -> np.ndarray:
    engine = EngineOptions(provider="cpu", tile=tile)
    return pipeline.apply(Picture(rgb), "upscale", model=model, engine=engine, clean=clean, **options).rgb


def product(height: int = 120, width: int = 100) -> np.ndarray:
    rgb = np.ones((height, width, 3), np.float32)
    rgb[40:80, 30:70] = np.random.default_rng(0).random((40, 40, 3), np.float32)
    return rgb


def test_white_around_a_product_is_white(model: str) -> None:
    result = enlarged(model, product())
    white = np.ones((120 * SCALE, 100 * SCALE), bool)
    white[38 * SCALE : 82 * SCALE, 28 * SCALE : 72 * SCALE] = False
    assert (result[white] == 1).all()


def test_the_light_of_every_part_is_kept(model: str) -> None:
    rgb = np.random.default_rng(0).uniform(0.2, 0.8, (128, 128, 3)).astype(np.float32)
    means = rgb.reshape(4, 32, 4, 32, 3).mean((1, 3))
    large = enlarged(model, rgb).reshape(4, 32 * SCALE, 4, 32 * SCALE, 3).mean((1, 3))
    assert np.abs(large - means).max() < 0.5 / 255


def test_strength_mixes_with_plain_bicubic(model: str) -> None:
    rgb = np.random.default_rng(0).uniform(0.2, 0.8, (60, 60, 3)).astype(np.float32)
    plain = cv2.resize(rgb, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    full, half, none = (enlarged(model, rgb, strength=share) for share in (1, 0.5, 0))
    np.testing.assert_allclose(none, np.clip(plain, 0, 1), atol=1e-5)
    inner = (plain >= 0) & (plain <= 1)
    np.testing.assert_allclose(half[inner], ((full + plain) / 2)[inner], atol=1e-5)


def test_one_result_however_the_picture_is_cut(model: str) -> None:
    rgb = np.random.default_rng(0).random((500, 40, 3), np.float32)
    parts = enlarged(model, rgb)
    np.testing.assert_allclose(parts, enlarged(model, rgb, tile=1024), atol=1e-5)


@pytest.fixture
def cleaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> str:
    """The same, beside a cleaner that multiplies by the strength, whose estimate is the mean of red."""
    strength = Control("strength", default=0.3, estimator="level")
    found = {
        "clean": graphs.controlled(
            tmp_path / "c.onnx", ModelSpec("c", "clean", receptive_field=0, controls=(strength,))
        ),
        "level": graphs.brightness(tmp_path / "level.onnx", "level"),
    }
    monkeypatch.setattr(pipeline.loading, "find_model", lambda name, task, selectors: found.get(task, Path(model)))
    return model


def noisy(height: int = 300, width: int = 80) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.clip(0.3 + random.normal(0, 0.05, (height, width, 3)), 0, 1).astype(np.float32)


@pytest.mark.parametrize("strength", [0.2, "auto"])
def test_a_noisy_picture_is_cleaned_first_in_one_stream(cleaning: str, strength: float | str) -> None:
    rgb = noisy()
    engine = EngineOptions(provider="cpu", tile=64)
    cleaned = pipeline.apply(Picture(rgb), "clean", strength=strength, engine=engine)
    apart = enlarged(cleaning, cleaned.rgb, clean=0)
    together = pipeline.apply(Picture(rgb), "upscale", clean=strength, engine=engine)
    np.testing.assert_allclose(together.rgb, apart, atol=1e-5)
    assert together.info.notes == cleaned.info.notes
    assert together.rgb.std() < 0.5 * rgb.std()


def test_a_clean_picture_or_none_to_be_cleaned_gives_what_the_upscaler_makes(cleaning: str) -> None:
    rgb = noisy()
    dark = np.minimum(rgb, 0.04)
    np.testing.assert_array_equal(enlarged(cleaning, dark, clean="auto"), enlarged(cleaning, dark, clean=0))
    np.testing.assert_array_equal(enlarged(cleaning, rgb, clean="off"), enlarged(cleaning, rgb, clean=0))
    assert not np.array_equal(enlarged(cleaning, rgb, clean="auto"), enlarged(cleaning, rgb, clean=0))


def test_results_know_how_they_were_cleaned(cleaning: str) -> None:
    engine = EngineOptions(provider="cpu")
    bounds = [pipeline.load_filter("upscale", {"clean": clean}, engine=engine) for clean in ("off", "auto", 0.5)]
    assert len({str(bound.fingerprint) for bound in bounds}) == 3
    assert [len(bound.engines) for bound in bounds] == [1, 3, 2]
