"""What a network has no reason to change stays: light, and flat areas."""

from __future__ import annotations

import numpy as np
import pytest

from ganfx.imaging.fidelity import (
    BLOCK,
    LIGHT_REACH,
    REACH,
    add_light,
    flat_areas,
    keep_flat,
    missing_light,
    without_block_means,
)


def lit_as(rgb: np.ndarray, enlarged: np.ndarray, scale: int) -> np.ndarray:
    shrunk = block_means(enlarged, scale).reshape(rgb.shape)
    lit = enlarged.copy()
    add_light(lit, missing_light(shrunk, rgb, scale), scale, slice(0, len(rgb)))
    return lit


def noise(height: int, width: int, sigma: float = 25 / 255) -> np.ndarray:
    return np.random.default_rng(4).normal(0, sigma, (height, width, 3)).astype(np.float32)


def block_means(image: np.ndarray, side: int = BLOCK) -> np.ndarray:
    rows, columns = image.shape[0] // side, image.shape[1] // side
    whole = image[: rows * side, : columns * side]
    return whole.reshape(rows, side, columns, side, -1).mean((1, 3))


@pytest.mark.parametrize("size", [(320, 352), (331, 300), (20, 20), (1, 90)])
def test_a_change_keeps_the_mean_of_every_block(size: tuple[int, int]) -> None:
    change = noise(*size) + np.float32(0.02)
    kept = without_block_means(change)
    assert kept.shape == change.shape
    if min(size) >= BLOCK:
        assert np.abs(block_means(change)).max() > 2 / 255
        assert np.abs(block_means(kept)).max() < 0.1 / 255
    assert abs(kept.mean()) < 0.5 / 255


def test_what_is_taken_from_a_change_is_smooth() -> None:
    taken = noise(256, 256) - without_block_means(noise(256, 256))
    assert np.abs(np.diff(taken, axis=0)).max() < 1 / 255
    assert np.abs(np.diff(taken, axis=1)).max() < 1 / 255


@pytest.mark.parametrize("top", [96, 110, 127])
def test_a_strip_is_corrected_as_the_whole_is(top: int) -> None:
    change = noise(600, 200)
    whole, strip = without_block_means(change), without_block_means(change[top : top + 300], top)
    inner = slice(REACH, 300 - REACH)
    assert np.abs(strip[inner] - whole[top : top + 300][inner]).max() < 0.1 / 255


@pytest.mark.parametrize("scale", [2, 4])
def test_an_enlargement_gets_the_light_of_the_picture_but_not_its_noise(scale: int) -> None:
    rgb = 0.5 + noise(128, 160, 10 / 255)
    grey = np.full((128 * scale, 160 * scale, 3), 0.5, np.float32)
    darker = grey - np.linspace(0, 0.03, 160 * scale, dtype=np.float32)[:, None]
    lit = lit_as(rgb, darker, scale)
    assert np.abs(block_means(lit, BLOCK * scale) - block_means(rgb)).max() < 0.5 / 255
    shrunk = block_means(lit, scale).reshape(rgb.shape)
    assert (shrunk - rgb).std() > 0.9 * rgb.std()


def test_a_strip_of_an_enlargement_is_corrected_as_the_whole_is() -> None:
    rgb, large = 0.5 + noise(200, 60), 0.5 + noise(400, 120)
    whole, strip = lit_as(rgb, large, 2), lit_as(rgb[40:160], large[80:320], 2)
    inner = slice(2 * LIGHT_REACH, 240 - 2 * LIGHT_REACH)
    assert np.abs(strip[inner] - whole[80:320][inner]).max() < 1e-5


def test_flat_areas_are_found_up_to_two_pixels_from_what_is_not() -> None:
    rgb = np.ones((40, 50, 3), np.float32)
    rgb[20, 30, 1] -= 1 / 255
    flat = flat_areas(rgb)
    assert flat.min() == 0
    assert (1 - flat).sum() == 25
    assert flat[0, 0] == 1
    kept = keep_flat(np.full((80, 100, 3), 0.9, np.float32), rgb, flat, 2)
    assert (kept == 1).all(2).sum() == (40 * 50 - 25) * 4
