"""Cleaning on arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from ganfx.filters.base import Strip, Values
from ganfx.filters.clean import BLEED_RADIUS
from ganfx.imaging.color import LUMA, bleed, clip_like, grey_of
from ganfx.imaging.fidelity import flat_areas, without_block_means
from ganfx.imaging.picture import Floats, Picture
from ganfx.spec import ModelSpec

# Estimates below this are of clean pictures.
CLEAN = 0.02
# Least side of a crop in pixels that is judged.
SMALLEST = 48
# Where fewer squares of BUSY_SIDE pixels than this share have detail, what was estimated lies in these alone.
BUSY, BUSY_SIDE, _DETAIL, _LEAST_BUSY = 0.7, 8, 2 / 255, 0.15
# Estimates above this are believed as far as the calmest places have noise, too.
DOUBTED, _TRUSTED = 0.2, 2.0
_SQUARE, _DARKEST, _LEVELS = 16, 0.06, 255 / 50
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
# Of white noise of deviation 1; its luma has less where colors have noise of their own.
_LAPLACIAN_MEAN = 6 * np.sqrt(2 / np.pi) * 0.75


def strength_of(levels: Sequence[Floats], crops: Sequence[Picture]) -> float:
    """The strength for a picture by what was estimated for its crops, (H, W) each: their median, 0 for a clean one.

    Crops that are too small to tell by do not count. Noise is everywhere: what the calmest places of the picture do not
    have is texture, and limits the strength. In drawings and products on white compression leaves the even areas as
    they were, and the rest is worse than the mean.
    """
    found = [float(level.mean()) for level in levels if min(level.shape) >= SMALLEST]
    if not found:
        return 0.0
    level = float(np.median(found))
    busy = float(np.mean([busy_share(crop.rgb) for crop in crops]))
    within = level / float(np.sqrt(np.clip(busy / BUSY, _LEAST_BUSY / BUSY, 1)))
    limit = max(DOUBTED, _TRUSTED * min(calm_noise(crop.rgb) for crop in crops))
    return 0.0 if min(level, limit) < CLEAN else min(within, limit)


def busy_share(rgb: Floats) -> float:
    """The share of squares of rgb (H, W, 3), BUSY_SIDE pixels wide, whose luminance is not even."""
    light = rgb @ LUMA
    rows, columns = (side // BUSY_SIDE for side in light.shape)
    squares = light[: rows * BUSY_SIDE, : columns * BUSY_SIDE].reshape(rows, BUSY_SIDE, columns, BUSY_SIDE)
    return float((squares.std((1, 3)) > _DETAIL).mean()) if squares.size else 1.0


def calm_noise(rgb: Floats) -> float:
    """The noise in the calmest tenth of rgb (H, W, 3), as a strength; what is nearly black or white does not count.

    From the mean magnitude of a Laplacian (Immerkaer 1996) over squares of 16 pixels.
    """
    light = rgb @ LUMA
    rows, columns = (side // _SQUARE for side in light.shape)
    light = light[: rows * _SQUARE, : columns * _SQUARE]
    response = np.abs(cv2.filter2D(light, -1, _LAPLACIAN)).reshape(rows, _SQUARE, columns, _SQUARE).mean((1, 3))
    mean = light.reshape(rows, _SQUARE, columns, _SQUARE).mean((1, 3))
    counted = response[(mean > _DARKEST) & (mean < 1 - _DARKEST)]
    if counted.size == 0:
        return 1.0
    return float(np.quantile(counted, 0.1) / _LAPLACIAN_MEAN * _LEVELS)


def prepare(picture: Picture, options: Values, spec: ModelSpec) -> Floats:
    """The picture's colors (H, W, 3), clipped to [0, 1]; visible ones spread into transparent areas."""
    rgb = picture.rgb if picture.alpha is None else bleed(picture.rgb, picture.alpha, BLEED_RADIUS)
    return np.clip(rgb, 0, 1)


def finish(output: Floats, strip: Strip, options: Values, spec: ModelSpec) -> Picture:
    """The picture's colors with the network's change, less what that has of the mean of any part of the picture.

    Areas of one color stay as they are. With `preserve_grain` that share of what goes from the luminance stays.
    """
    source = strip.picture
    given = prepare(source, options, spec)[strip.seen]
    assert strip.around is not None
    change = without_block_means(strip.around - given, strip.top - strip.output_above)[strip.result]
    change -= options["preserve_grain"] * (change @ LUMA)[..., None]
    change *= 1 - flat_areas(source.rgb)[strip.own, :, None]
    rgb = clip_like(source.rgb[strip.own] + change, source.rgb, strip.own, 1)
    if source.info.grey:
        rgb = grey_of(rgb)
    own = source.rows(strip.own.start, strip.own.stop)
    return dataclasses.replace(own, rgb=rgb)
