"""Keeping what a network has no reason to change: the light of every part of a picture, and areas that are flat."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from ganfx.imaging.picture import Floats

# Side in pixels of the blocks whose means are kept.
BLOCK = 32
# Rows on each side that the correction of a row depends on noticeably.
REACH = 3 * BLOCK
# A pixel is in a flat area where the square of this side around it has one color.
_FLAT_SIDE = 5
# Rows on each side that this depends on.
FLAT_REACH = _FLAT_SIDE // 2
# The mean over a block of the linear interpolation between the centers of blocks, from those of three neighbors.
_MEAN_OF_INTERPOLATION = np.array([1, 6, 1], np.float32) / 8
_ROUNDS = 8
# Of `keep_light`: how often, and the blur in source pixels.
_LIGHT_ROUNDS, _LIGHT_SIGMA, _LIGHT_RADIUS = 2, 2.0, 6
LIGHT_REACH = _LIGHT_ROUNDS * (_LIGHT_RADIUS + 3)


def without_block_means(change: Floats, top: int = 0) -> Floats:
    """`change` (H, W, C) less a smooth surface, so that its mean over each block of BLOCK x BLOCK pixels is about 0.

    top: the number of its first row in the picture, from whose upper left corner blocks are counted. The surface is
    linear between the centers of blocks; its values there are what makes the means vanish, found by iteration.
    """
    height, width, channels = change.shape
    before = top % BLOCK
    rows, columns = -(-(before + height) // BLOCK), -(-width // BLOCK)
    padding = ((before, rows * BLOCK - before - height), (0, columns * BLOCK - width))
    inside = np.pad(np.ones((height, width), np.float32), padding)
    padded = np.pad(change, (*padding, (0, 0)))
    counts = _block_sums(inside[..., None])
    means = np.asarray(_block_sums(padded) / np.maximum(counts, 1), np.float32)
    values = means.copy()
    for _ in range(_ROUNDS):
        values = values + means - _smoothed(values)
    size = (columns * BLOCK, rows * BLOCK)
    surface = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR).reshape(size[1], size[0], channels)
    return np.asarray(change - surface[before : before + height, :width], np.float32)


def _block_sums(image: Floats) -> Floats:
    height, width, channels = image.shape
    blocks = image.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, channels)
    return np.asarray(blocks.sum((1, 3)), np.float32)


def _smoothed(values: Floats) -> Floats:
    kernel = _MEAN_OF_INTERPOLATION
    smooth = cv2.sepFilter2D(values, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth, np.float32).reshape(values.shape)


def missing_light(shrunk: Floats, rgb: Floats, scale: int) -> Floats:
    """What an enlargement of rgb (H, W, 3) lacks of its light, for `add_light`: (H, W, 3).

    shrunk: the enlargement averaged over squares of `scale` pixels, (H, W, 3).

    Iterative back-projection (Irani and Peleg 1991) of what is left between both after a blur of the input: at full
    resolution it would bring the noise of the input back. All rounds are computed at the size of the input, since
    shrinking and enlarging are linear. A row depends on `LIGHT_REACH` source rows on each side.
    """
    total = missing = _blurred(rgb - shrunk)
    for _ in range(_LIGHT_ROUNDS - 1):
        shrunk = shrunk + _shrunk_again(missing, scale)
        missing = _blurred(rgb - shrunk)
        total = total + missing
    return total


def add_light(enlarged: Floats, missing: Floats, scale: int, rows: slice) -> None:
    """Add to `enlarged` (h * scale, W * scale, 3), in place, what it lacks: its `rows` of `missing` (H, W, 3)."""
    first, last, _ = rows.indices(len(missing))
    begin = max(first - 1, 0)
    light = _enlarged(missing[begin : last + 1], scale)
    cv2.add(enlarged, light[(first - begin) * scale : (last - begin) * scale], dst=enlarged)


def _enlarged(image: Floats, scale: int) -> Floats:
    """(H, W, 3) or (H, W) between the centers of pixels linearly, which is enough for what was blurred."""
    size = image.shape[1] * scale, len(image) * scale
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _blurred(image: Floats) -> Floats:
    blurred = cv2.GaussianBlur(image, (2 * _LIGHT_RADIUS + 1,) * 2, _LIGHT_SIGMA)
    return np.asarray(blurred, np.float32)


def _shrunk_again(image: Floats, scale: int) -> Floats:
    """What averaging squares of `scale` pixels finds in `image` (H, W, 3) once that was enlarged linearly."""
    kernel = _found_again(scale)
    again = cv2.sepFilter2D(image, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(again, np.float32)


@functools.cache
def _found_again(scale: int) -> Floats:
    """The kernel of `_shrunk_again` along one axis."""
    single = np.zeros((1, 9), np.float32)
    single[0, 4] = 1
    return np.asarray(_enlarged(single, scale)[0].reshape(9, scale).mean(1)[2:7], np.float32)


def keep_flat(enlarged: Floats, rgb: Floats, flat: Floats, scale: int) -> Floats:
    """`enlarged` (H * scale, W * scale, 3) with, in place, the colors of rgb (H, W, 3) where `flat` (H, W) is 1."""
    rows = np.flatnonzero(flat.any(1))
    if not len(rows):
        return enlarged
    # Between the first and the last row that has some: mostly the sky, or a frame.
    part = slice(int(rows[0]), int(rows[-1]) + 1)
    target = enlarged[part.start * scale : part.stop * scale]
    size = target.shape[1::-1]
    where, plain = (
        cv2.resize(each[part], size, interpolation=cv2.INTER_NEAREST) for each in (flat.astype(np.uint8), rgb)
    )
    cv2.copyTo(plain, where, target)
    return enlarged


def flat_areas(rgb: Floats) -> Floats:
    """Where rgb (H, W, C) is one color over a square of 5 pixels: (H, W), 1 there, 0 elsewhere.

    Rows and columns beyond the edges count as equal.
    """
    square = np.ones((_FLAT_SIDE, _FLAT_SIDE), np.uint8)
    spread = (cv2.dilate(rgb, square) - cv2.erode(rgb, square)).reshape(*rgb.shape[:2], -1)
    # Channel by channel: a reduction over so short an axis takes ten times as long.
    flat = np.ones(rgb.shape[:2], np.bool_)
    for channel in range(spread.shape[2]):
        flat &= spread[..., channel] == 0
    return flat.astype(np.float32)
