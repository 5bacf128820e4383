"""Color arithmetic keeps what it must keep."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganfx.imaging.color import bleed, decode_srgb, enlarge, exposed, exposure, grey_of

PLANE = arrays(np.float32, (13, 9), elements=st.floats(0, 1, width=32))


@given(PLANE)
def test_bleeding_leaves_opaque_pixels_exactly_alone(alpha: np.ndarray) -> None:
    rgb = np.random.default_rng(0).random((13, 9, 3), np.float32)
    result = bleed(rgb, alpha, 4)
    assert np.array_equal(result[alpha == 1], rgb[alpha == 1])


def test_bleeding_puts_the_neighbours_color_under_transparency() -> None:
    rgb = np.zeros((20, 20, 3), np.float32)
    alpha = np.zeros((20, 20), np.float32)
    rgb[:, :10] = (0.8, 0.4, 0.2)
    alpha[:, :10] = 1
    result = bleed(rgb, alpha, 6)
    np.testing.assert_allclose(result[10, 12], (0.8, 0.4, 0.2), atol=0.02)


def test_enlarging_keeps_a_constant_and_the_shape() -> None:
    plane = np.full((3, 5), 0.25, np.float32)
    assert np.array_equal(enlarge(plane, 4), np.full((12, 20), 0.25, np.float32))


def test_grey_of_white_is_white() -> None:
    np.testing.assert_allclose(grey_of(np.ones((2, 2, 3), np.float32)), 1, atol=1e-6)


def test_exposure_multiplies_linear_light_and_returns_even_from_black() -> None:
    encoded = np.linspace(0, 1, 256, dtype=np.float32)
    assert np.abs(exposed(exposure(encoded)) - encoded).max() < 1 / 2000
    lighter = decode_srgb(exposed(exposure(encoded[150:200]) + np.float32(np.log(1.2))))
    assert np.allclose(lighter, 1.2 * decode_srgb(encoded[150:200]), rtol=0.03)
    assert exposed(exposure(encoded[:1]) - 5) == 0
