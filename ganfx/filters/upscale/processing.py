"""Super-resolution on arrays."""

from __future__ import annotations

import dataclasses

import numpy as np

from ganfx.filters.base import Strip, Values
from ganfx.filters.upscale import BLEED_RADIUS
from ganfx.imaging.color import bleed, clip_like, enlarge, grey_of
from ganfx.imaging.fidelity import flat_areas, keep_flat, keep_light
from ganfx.imaging.picture import Floats, Picture
from ganfx.spec import ModelSpec


def prepare(picture: Picture, options: Values, spec: ModelSpec) -> Floats:
    """The picture's colors (H, W, 3); visible ones spread into transparent areas, so that edges get no halo."""
    return picture.rgb if picture.alpha is None else bleed(picture.rgb, picture.alpha, BLEED_RADIUS)


def finish(output: Floats, strip: Strip, options: Values, spec: ModelSpec) -> Picture:
    """The enlarged colors and alpha.

    Colors have the light of the input and are flat where that is; they are mixed with bicubic ones by `strength`, and
    clipped to the range of the input nearby. Alpha is enlarged bicubically.
    """
    source, scale = strip.picture, spec.scale
    given = prepare(source, options, spec)[strip.seen]
    rgb = _mixed(_faithful(output, given, scale, strip.result), given, scale, options["strength"], strip.result)
    rgb = clip_like(rgb, source.rgb, strip.own, scale)
    if source.info.grey:
        rgb = grey_of(rgb)
    alpha = None
    if source.alpha is not None:
        alpha = np.clip(enlarge(source.alpha, scale)[strip.own.start * scale : strip.own.stop * scale], 0, 1)
    return dataclasses.replace(source, rgb=rgb, alpha=alpha)


def _faithful(output: Floats, given: Floats, scale: int, rows: slice) -> Floats:
    """`rows` of `output` with the light and the flat areas of `given`.

    One that is not enlarged may be meant to change them.
    """
    if scale == 1:
        return output[rows]
    return keep_flat(keep_light(output, given, scale, rows), given[rows], flat_areas(given)[rows], scale)


def _mixed(rgb: Floats, given: Floats, scale: int, strength: float, rows: slice) -> Floats:
    if strength == 1:
        return rgb
    plain = enlarge(given, scale)[rows.start * scale : rows.stop * scale]
    return rgb * strength + plain * (1 - strength)
