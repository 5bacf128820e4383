"""Super-resolution on arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ganfx.filters.base import Strip, Values
from ganfx.filters.upscale import BLEED_RADIUS
from ganfx.imaging.color import bleed, clip_like, enlarge, grey_of
from ganfx.imaging.fidelity import FLAT_REACH, add_light, flat_areas, keep_flat, missing_light
from ganfx.imaging.picture import Floats, Picture
from ganfx.spec import ModelSpec

_BICUBIC_RADIUS = 2
# Of the result, worked on at a time.
_BLOCK_BYTES = 1 << 20


def prepare(picture: Picture, options: Values, spec: ModelSpec) -> Floats:
    """The picture's colors (H, W, 3); visible ones spread into transparent areas, so that edges get no halo."""
    return picture.rgb if picture.alpha is None else bleed(picture.rgb, picture.alpha, BLEED_RADIUS)


def finish(output: Floats, strip: Strip, options: Values, spec: ModelSpec) -> Picture:
    """The enlarged colors and alpha.

    Colors have the light of the input and are flat where that is; they are mixed with bicubic ones by `strength`, and
    clipped to the range of the input nearby. Alpha is enlarged bicubically.
    """
    source, scale = strip.picture, spec.scale
    rgb = np.ascontiguousarray(output)
    given = prepare(source, options, spec)[strip.seen]
    faithful = _Faithful.of(strip, given, scale)
    for rows in _blocks(rgb, scale):
        block = rgb[rows.start * scale : rows.stop * scale]
        if faithful:
            faithful.apply(block, rows)
        _mix(block, given, scale, options["strength"], _shifted(rows, strip.result.start))
        _clip(block, source.rgb, scale, _shifted(rows, strip.above))
    alpha = None
    if source.alpha is not None:
        alpha = np.clip(enlarge(source.alpha, scale)[strip.own.start * scale : strip.own.stop * scale], 0, 1)
    return dataclasses.replace(source, rgb=grey_of(rgb) if source.info.grey else rgb, alpha=alpha)


@dataclass(frozen=True)
class _Faithful:
    """The light and the flat areas that rows of an enlargement get, with what there is of them around these rows.

    missing, of `given`, both (H, W, 3), which have the strip's first row at `top`; flat, (h, W), of the strip.
    """

    given: Floats
    missing: Floats
    flat: Floats
    top: int
    scale: int

    @classmethod
    def of(cls, strip: Strip, given: Floats, scale: int) -> _Faithful | None:
        """None for what is not enlarged, which may be meant to change them."""
        if scale == 1:
            return None
        assert strip.around is not None
        return cls(
            given, missing_light(strip.around, given, scale), _flat(given, strip.result), strip.result.start, scale
        )

    def apply(self, block: Floats, rows: slice) -> None:
        """Change `block`, the enlarged `rows` of the strip, in place."""
        seen = _shifted(rows, self.top)
        add_light(block, self.missing, self.scale, seen)
        keep_flat(block, self.given[seen], self.flat[rows], self.scale)


def _flat(given: Floats, rows: slice) -> Floats:
    """`flat_areas` of the `rows` of `given`."""
    begin = max(rows.start - FLAT_REACH, 0)
    return flat_areas(given[begin : rows.stop + FLAT_REACH])[rows.start - begin :][: rows.stop - rows.start]


def _blocks(enlarged: Floats, scale: int) -> Iterator[slice]:
    """Its source rows, a few at a time: they stay in the processor's cache from one step to the next."""
    height, count = len(enlarged) // scale, max(1, _BLOCK_BYTES // max(1, enlarged[:scale].nbytes))
    for top in range(0, height, count):
        yield slice(top, min(top + count, height))


def _shifted(rows: slice, by: int) -> slice:
    return slice(rows.start + by, rows.stop + by)


def _mix(block: Floats, given: Floats, scale: int, strength: float, rows: slice) -> None:
    """Mix `block` with the bicubic enlargement of the `rows` of `given`, in place."""
    if strength == 1:
        return
    begin = max(rows.start - _BICUBIC_RADIUS, 0)
    plain = enlarge(given[begin : rows.stop + _BICUBIC_RADIUS], scale)[(rows.start - begin) * scale :][: len(block)]
    cv2.addWeighted(block, strength, plain, 1 - strength, 0, dst=block)


def _clip(block: Floats, rgb: Floats, scale: int, rows: slice) -> None:
    """Clip `block`, made from the `rows` of rgb (H, W, 3), to the range that these have, in place."""
    begin = max(rows.start - 1, 0)
    clip_like(block, rgb[begin : rows.stop + 1], _shifted(rows, -begin), scale)
