"""Light adapted over joints: a patch of other light fits in, a slope goes on, and what is known stays."""

from __future__ import annotations

import numpy as np
import pytest

from ganfx.imaging.membrane import Joints, correction, smooth_colors
from ganfx.imaging.picture import Floats


def joints(given: Floats, wanted: Floats) -> tuple[Joints, Joints]:
    """What has to be corrected for `given` to get the gradients of `wanted`, both (H, W, 3)."""
    found = []
    for axis in (1, 0):
        step = np.zeros_like(given)
        inner = tuple(slice(None, -1) if one == axis else slice(None) for one in (0, 1))
        step[inner] = np.diff(wanted, axis=axis) - np.diff(given, axis=axis)
        weight = np.zeros(given.shape[:2], np.float32)
        weight[inner] = 1
        found.append(Joints(step, weight))
    return found[0], found[1]


def test_a_piece_in_another_light_gets_that_of_its_surroundings() -> None:
    ramp = np.linspace(0.2, 0.8, 96, dtype=np.float32)[None, :, None].repeat(80, 0).repeat(3, 2)
    hole = np.zeros((80, 96), bool)
    hole[20:60, 24:72] = True
    darker = ramp - 0.15 * hole[..., None].astype(np.float32)
    mended = darker + correction(hole, *joints(darker, ramp), stiffness=1e-6)
    assert np.array_equal(mended[~hole], ramp[~hole])
    assert np.abs(mended - ramp).max() < 0.02


def test_a_step_that_does_not_count_is_left() -> None:
    flat = np.full((40, 40, 3), 0.5, np.float32)
    hole = np.zeros((40, 40), bool)
    hole[10:30, 10:30] = True
    darker = flat - 0.2 * hole[..., None].astype(np.float32)
    right, below = (Joints(one.step, one.weight * 0) for one in joints(darker, flat))
    assert not correction(hole, right, below, stiffness=1e-3).any()


@pytest.mark.parametrize("size", [(64, 64), (101, 203)])
def test_a_membrane_meets_what_is_known_on_all_sides(size: tuple[int, int]) -> None:
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    plane = np.stack([x / size[1], y / size[0], 0.5 + 0 * x], -1)
    # An odd hole, off the middle, and islands of known pixels in it.
    hole = (x - 0.45 * size[1]) ** 2 + (y - 0.55 * size[0]) ** 2 < (0.37 * size[0]) ** 2
    hole &= (x % 17 > 2) | (y % 13 > 1)
    assert np.abs(smooth_colors(np.where(hole[..., None], np.float32(9), plane), hole) - plane).max() < 0.02
