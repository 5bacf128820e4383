"""Background removal on arrays: a matte from the network, fitted to the picture's own edges."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.filters.base import Infer, Size, Values
from ganfx.filters.cutout import FINE
from ganfx.filters.cutout.backdrop import covering
from ganfx.filters.cutout.background import Color
from ganfx.filters.other_picture import OtherPicture
from ganfx.imaging.guided_filter import rows_of
from ganfx.imaging.matte import Matte, fitted, plain
from ganfx.imaging.picture import Box, Floats, Mask, Picture
from ganfx.spec import ModelSpec

# Side of the square that networks get that take any size.
_FREE_SIDE = 1024
# Values of the network that count as nothing and as all of it at the least: it is stretched between its own extremes,
# but a picture without a subject is not made to have one, and one that is nothing but subject keeps it.
_NOTHING, _ALL = 0.25, 0.5
# Radius of the windows in which edges are looked for, in pixels of the network's matte, and in those of the overview.
_REACH, _LEAST_RADIUS = 2.5, 2
# A mean opacity below which the network has found no subject.
_EMPTY = 1e-3
# An opacity from which a place is not cut off.
_SEEN = 0.02


def study(small: Picture, size: Size, options: Values, spec: ModelSpec, infer: Infer) -> Callable[..., Picture]:
    """Predict the matte of the whole picture from its overview; returns what cuts any of its rows out by it."""
    matte, is_empty = _matte(small, options, spec, infer)
    behind = _behind(options["background"], size)
    notes = ("no subject was found",) if is_empty else ()

    def cut(rows: Picture, top: int) -> Picture:
        info = dataclasses.replace(rows.info, notes=(*rows.info.notes, *notes))
        return _shown(dataclasses.replace(rows, info=info), matte, top, size[1], options, behind)

    return cut


def kept(small: Picture, size: Size, options: Values, spec: ModelSpec, infer: Infer) -> Box:
    """The part of the picture of `size` outside of which nothing stays, a pixel of the overview wider; all, if nothing
    does.
    """
    matte, _ = _matte(small, options, spec, infer)
    opacity = matte.rows(small.rgb, 0, small.height)
    rows, columns = np.nonzero(opacity * (1 if small.alpha is None else small.alpha) > _SEEN)
    if not len(rows):
        return Box(0, 0, *size)

    def bounds(places: NDArray[np.intp], count: int, length: int) -> tuple[int, int]:
        first, last = (int(places.min()) - 1) * length // count, -(-(int(places.max()) + 2) * length // count)
        return max(0, first), min(length, last)

    left, right = bounds(columns, small.width, size[0])
    top, bottom = bounds(rows, small.height, size[1])
    return Box(left, top, right, bottom)


def _matte(small: Picture, options: Values, spec: ModelSpec, infer: Infer) -> tuple[Matte, bool]:
    """The matte, and whether the network has found nothing."""
    rgb = np.clip(small.rgb, 0, 1)
    predicted = predict_matte(rgb, spec, infer)
    how = cv2.INTER_AREA if max(predicted.shape) > max(small.width, small.height) else cv2.INTER_LINEAR
    coarse = np.asarray(cv2.resize(predicted, (small.width, small.height), interpolation=how), np.float32)
    if options["edges"] == FINE:
        radius = round(_REACH * max(small.width, small.height) / max(predicted.shape))
        matte = fitted(coarse, rgb, max(_LEAST_RADIUS, radius))
    else:
        matte = plain(coarse)
    return matte, float(predicted.mean()) < _EMPTY


def predict_matte(rgb: Floats, spec: ModelSpec, infer: Infer) -> Mask:
    """The opacity (side, side), 0..1, that the network gives the picture rgb (H, W, 3), stretched to a square.

    The square is as bright as can be, as these networks have seen pictures in training (Qin et al. 2020).
    """
    side = spec.fixed_size or -(-_FREE_SIDE // spec.multiple_of) * spec.multiple_of
    how = cv2.INTER_AREA if max(rgb.shape) > side else cv2.INTER_LINEAR
    square = np.asarray(cv2.resize(rgb, (side, side), interpolation=how), np.float32)
    made = infer(square / max(float(square.max()), 1e-6))[..., 0]
    low, high = min(float(made.min()), _NOTHING), max(float(made.max()), _ALL)
    return np.asarray(np.clip((made - low) / (high - low), 0, 1), np.float32)


def _behind(background: Color | OtherPicture | None, size: Size) -> Floats | None:
    """What is put behind, (h, w, 3) in [0, 1], to be stretched over the picture."""
    if background is None:
        return None
    if isinstance(background, OtherPicture):
        return covering(background, size)
    return np.divide([[background.rgb]], 255, dtype=np.float32)


def _shown(rows: Picture, matte: Matte, top: int, height: int, options: Values, behind: Floats | None) -> Picture:
    """`rows` of the picture, from `top` on of `height`, in the form that the options ask for."""
    opacity = matte.rows(rows.rgb, top, height)
    whole = opacity if rows.alpha is None else opacity * rows.alpha
    if options["only_mask"]:
        info = dataclasses.replace(rows.info, grey=True)
        return Picture(np.repeat(whole[..., None], 3, axis=2), None, info)
    rgb = matte.colors(rows.rgb, opacity, top, height)
    if behind is None:
        # Of what is gone, nothing stays in the file.
        return dataclasses.replace(rows, rgb=np.where(whole[..., None] > 0, rgb, np.float32(0)), alpha=whole)
    share = whole[..., None]
    mixed = np.where(share < 1, rgb * share + rows_of(behind, top, whole.shape, height) * (1 - share), rgb)
    background = options["background"]
    stays_grey = isinstance(background, Color) and background.is_grey
    info = dataclasses.replace(rows.info, grey=rows.info.grey and stays_grey)
    return Picture(np.asarray(mixed, np.float32), None, info)
