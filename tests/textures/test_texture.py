"""Textures from one example: seamless, of copied pixels, of any size, the same for the same seed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ganfx.errors import GanfxError, OptionError, PictureSizeError
from ganfx.imaging.picture import Floats, Picture
from ganfx.textures import seam, texture_of
from tests.textures.examples import grains


def made(example: Picture, size: tuple[int, int], seed: int = 0) -> Floats:
    return np.concatenate([strip.rgb for strip in texture_of(example, size, seed).strips])


def test_it_goes_on_around_all_edges() -> None:
    example = Picture(grains(128, 128))
    texture = made(example, (200, 152))
    assert texture.shape == (152, 200, 3)
    for axis in (0, 1):
        assert seam(example.rgb, axis) > 1.5
        assert seam(texture, axis) < 1.35


def test_every_pixel_is_one_of_the_example_with_its_alpha() -> None:
    rgb = grains(96, 128)
    alpha = np.random.default_rng(1).uniform(0.2, 1, rgb.shape[:2]).astype(np.float32)
    strips = list(texture_of(Picture(rgb, alpha), (64, 300)).strips)
    known = {bytes(pixel) for pixel in np.concatenate([rgb, alpha[..., None]], -1).reshape(-1, 4)}
    for strip in strips:
        assert strip.alpha is not None
        pixels = np.concatenate([strip.rgb, strip.alpha[..., None]], -1).reshape(-1, 4)
        assert all(bytes(pixel) in known for pixel in pixels)


def test_transparent_pixels_and_those_outside_the_mask_are_never_taken() -> None:
    rgb = grains(128, 128)
    rgb[:40] = (1, 0, 0)
    rgb[40:60] = (0, 1, 0)
    alpha = np.ones((128, 128), np.float32)
    alpha[:40] = 0
    usable = np.ones((128, 128), np.bool_)
    usable[40:60] = False
    (strip,) = texture_of(Picture(rgb, alpha), (96, 96), 0, usable).strips
    assert strip.alpha is not None
    assert strip.alpha.min() == 1
    assert not (strip.rgb == (0, 1, 0)).all(-1).any()


def test_the_seed_decides() -> None:
    example = Picture(grains(64, 64))
    assert np.array_equal(made(example, (90, 90), 3), made(example, (90, 90), 3))
    assert not np.array_equal(made(example, (90, 90), 3), made(example, (90, 90), 4))


def test_no_large_piece_of_the_example_is_copied_in_one() -> None:
    rows, columns = np.indices((160, 160), np.float32) / 160
    coded = grains(160, 160)
    coded[..., 1:] = np.stack([rows, columns], -1)
    texture = made(Picture(coded), (256, 256))
    places = np.rint(texture[..., 1:] * 160) - np.moveaxis(np.indices((256, 256)), 0, -1)
    same = np.ones((256, 256), np.uint8)
    same[1:] &= (places[1:] == places[:-1]).all(-1)
    same[:, 1:] &= (places[:, 1:] == places[:, :-1]).all(-1)
    assert cv2.distanceTransform(same, cv2.DIST_C, 3).max() <= 18


@pytest.mark.parametrize(
    ("example", "size", "seed", "error", "words"),
    [
        (Picture(grains(63, 200)), (100, 100), 0, PictureSizeError, "too small for an example"),
        (Picture(np.full((80, 80, 3), 0.4, np.float32)), (100, 100), 0, PictureSizeError, "flat"),
        (Picture(grains(80, 80), np.zeros((80, 80), np.float32)), (100, 100), 0, PictureSizeError, "flat"),
        (Picture(grains(80, 80)), (100, 16385), 0, OptionError, "out of range"),
        (Picture(grains(80, 80)), (100, 100), -1, OptionError, "seed"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    example: Picture, size: tuple[int, int], seed: int, error: type[GanfxError], words: str
) -> None:
    with pytest.raises(error, match=words) as raised:
        texture_of(example, size, seed)
    assert "\n" not in str(raised.value)


def test_of_a_large_example_the_middle_is_used_and_that_is_said() -> None:
    rgb = np.zeros((80, 1400, 3), np.float32)
    rgb[:, 188:1212] = grains(80, 1024)
    texture = texture_of(Picture(rgb), (64, 64))
    assert "the middle 1024x80" in texture.notes[0]
    assert next(texture.strips).rgb.max() > 0
