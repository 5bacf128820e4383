"""Pictures made to tile, with as little change as possible."""

from __future__ import annotations

import numpy as np
import pytest

from ganfx.errors import PictureSizeError
from ganfx.imaging.picture import Picture
from ganfx.textures import make_seamless, seam
from tests.textures.examples import grains


def test_edges_meet_and_the_rest_stays_as_it_is() -> None:
    rgb = grains(120, 180)
    tiling = make_seamless(Picture(rgb, np.ones((120, 180), np.float32)))
    assert (tiling.width, tiling.height) == (150, 100)
    for axis in (0, 1):
        assert seam(rgb, axis) > 1.5
        assert seam(tiling.rgb, axis) < 1.35
    far = np.abs(tiling.rgb - rgb[:100, :150])[50:90, 70:140]
    assert far.max() < 2 / 255
    assert tiling.alpha is not None
    assert np.allclose(tiling.alpha, 1)


def test_a_direction_that_tiles_stays_as_it_is() -> None:
    rgb = np.tile(make_seamless(Picture(grains(120, 180))).rgb, (2, 1, 1))
    rgb = np.concatenate([rgb, rgb[:, :40]], 1)
    assert seam(rgb, 0) < 1.05
    assert make_seamless(Picture(rgb)).height == 200


def test_a_small_picture_is_refused() -> None:
    with pytest.raises(PictureSizeError, match="too small"):
        make_seamless(Picture(grains(40, 200)))
