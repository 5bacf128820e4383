"""Cleaning on arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ganfx.filters.base import Strip, Values
from ganfx.filters.clean import BLEED_RADIUS
from ganfx.imaging.color import LUMA, bleed, clip_like, grey_of
from ganfx.imaging.fidelity import flat_areas, without_block_means
from ganfx.imaging.picture import Floats, Picture
from ganfx.spec import ModelSpec

# Estimates below this are of clean pictures.
CLEAN = 0.07
# Least side of a crop in pixels that is judged.
SMALLEST = 48


def strength_of(levels: Sequence[Floats]) -> float:
    """The strength for a picture by what was estimated for its crops, (H, W) each: their median, 0 for a clean one.

    Crops that are too small to tell by do not count.
    """
    found = [float(crop.mean()) for crop in levels if min(crop.shape) >= SMALLEST]
    level = float(np.median(found)) if found else 0.0
    return 0.0 if level < CLEAN else level


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
    change = without_block_means(output - given, strip.top - strip.output_above)[strip.result]
    change -= options["preserve_grain"] * (change @ LUMA)[..., None]
    change *= 1 - flat_areas(source.rgb)[strip.own, :, None]
    rgb = clip_like(source.rgb[strip.own] + change, source.rgb, strip.own, 1)
    if source.info.grey:
        rgb = grey_of(rgb)
    own = source.rows(strip.own.start, strip.own.stop)
    return dataclasses.replace(own, rgb=rgb)
