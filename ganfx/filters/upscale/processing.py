"""Super-resolution on arrays."""

from __future__ import annotations

import dataclasses

import numpy as np

from ganfx.filters.base import Strip, Values
from ganfx.filters.upscale import BLEED_RADIUS
from ganfx.imaging.color import bleed, clip_like, enlarge, grey_of
from ganfx.imaging.picture import Floats, Picture
from ganfx.spec import ModelSpec


def prepare(picture: Picture, options: Values, spec: ModelSpec) -> Floats:
    """The picture's colors (H, W, 3); visible ones spread into transparent areas, so that edges get no halo."""
    return picture.rgb if picture.alpha is None else bleed(picture.rgb, picture.alpha, BLEED_RADIUS)


def finish(output: Floats, strip: Strip, options: Values, spec: ModelSpec) -> Picture:
    """The enlarged colors, clipped to the range of the input nearby, and alpha enlarged bicubically."""
    source, scale = strip.picture, spec.scale
    inner = slice(strip.above, source.height - strip.below)
    rgb = clip_like(output, source.rgb, inner, scale)
    if source.info.grey:
        rgb = grey_of(rgb)
    alpha = None
    if source.alpha is not None:
        alpha = np.clip(enlarge(source.alpha, scale)[inner.start * scale : inner.stop * scale], 0, 1)
    return dataclasses.replace(source, rgb=rgb, alpha=alpha)
