"""Guesses of a material: height, normals, roughness."""

from __future__ import annotations

import numpy as np
import pytest

from ganfx.errors import OptionError
from ganfx.imaging.picture import Floats, Picture
from ganfx.textures import make_seamless, material_maps, seam
from tests.textures.examples import grains


def bump() -> Floats:
    """A bright hill in the middle of grey."""
    y, x = np.indices((128, 128)) - 64
    return np.repeat(0.3 + 0.5 * np.exp(-(y**2 + x**2) / 128)[..., None], 3, -1).astype(np.float32)


def test_a_bright_hill_is_high_and_its_sides_point_away() -> None:
    maps = material_maps(Picture(bump()))
    assert maps.height.info.bits == 16
    assert maps.height.info.grey
    assert maps.height.rgb[64, 64, 0] > 0.9 > 0.3 > maps.height.rgb[5, 5, 0]
    normals = 2 * maps.normal.rgb - 1
    assert np.allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-3)
    assert normals[64, 72, 0] > 0.2 > -0.2 > normals[64, 56, 0]
    assert normals[56, 64, 1] > 0.2 > -0.2 > normals[72, 64, 1]


def test_green_points_down_for_directx() -> None:
    up, down = (material_maps(Picture(bump()), style=style).normal.rgb for style in ("opengl", "directx"))
    assert np.allclose(up[..., 1], 1 - down[..., 1], atol=1e-6)
    assert np.array_equal(up[..., ::2], down[..., ::2])


def test_maps_tile_where_the_picture_does() -> None:
    maps = material_maps(make_seamless(Picture(grains(128, 160))))
    for one in (maps.height, maps.normal, maps.roughness):
        assert max(seam(one.rgb, axis) for axis in (0, 1)) < 1.5


def test_grain_is_rougher_than_what_is_smooth() -> None:
    rgb = np.full((128, 256, 3), 0.5, np.float32)
    rgb[:, 128:] = grains(128, 128)
    roughness = material_maps(Picture(rgb)).roughness.rgb[..., 0]
    assert roughness[:, 160:].mean() > roughness[:, :96].mean() + 0.03


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(OptionError, match="normals"):
        material_maps(Picture(bump()), style="maya")
    with pytest.raises(OptionError, match="strength"):
        material_maps(Picture(bump()), strength=0)
