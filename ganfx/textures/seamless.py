"""A photograph made to tile: its opposite edges overlap, are cut where it shows least, and their light is joined.

The cut is that of Efros and Freeman 2001, here closed around the edges; the correction keeps gradients across it (Perez
et al. 2003) and fades away from it (screened Poisson equation, Bhat et al. 2008). All other pixels stay as they are.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ganfx.errors import PictureSizeError
from ganfx.imaging.picture import Floats, Picture
from ganfx.textures.seams import seam

# The share of a side that overlaps, and its limits in pixels.
SHARE, LEAST, MOST = 1 / 6, 8, 192
# Edges whose step is no larger than this many usual ones are left alone.
UNSEEN = 1.05
# The correction fades over about this share of the overlap.
FADE = 0.25
LEAST_SIDE = 64


def make_seamless(picture: Picture) -> Picture:
    """`picture` made to tile. A direction that does not tile yet becomes shorter, by a sixth, or 192 pixels at most.

    Raises PictureSizeError where it is below 64 pixels.
    """
    if min(picture.width, picture.height) < LEAST_SIDE:
        given = f"{picture.width}x{picture.height}"
        raise PictureSizeError(f"{given} is too small to be made seamless", hint=f"{LEAST_SIDE} pixels a side will do")
    alpha = () if picture.alpha is None else (picture.alpha[..., None],)
    values = np.concatenate([picture.rgb, *alpha], axis=-1)
    for axis in (1, 0):
        if seam(values, axis) > UNSEEN:
            values = np.moveaxis(_joined(np.moveaxis(values, axis, 1)), 1, axis)
    rgb = np.ascontiguousarray(values[..., :3])
    opacity = None if picture.alpha is None else np.clip(values[..., 3], 0, 1)
    return dataclasses.replace(picture, rgb=rgb, alpha=opacity)


def _joined(values: Floats) -> Floats:
    """values (H, W, channels) that tile across, narrower by the overlap."""
    width = values.shape[1]
    overlap = int(np.clip(width * SHARE, LEAST, MOST))
    left, right = values[:, :overlap], values[:, width - overlap :]
    gap = np.square(left - right).sum(-1)
    # A cut at the very edge would leave the edge as it is.
    gap[:, 0] = np.inf
    own = np.arange(overlap) >= _cut(gap)[:, None]
    result = values[:, : width - overlap].copy()
    result[:, :overlap] = np.where(own[..., None], left, right)
    step_right, step_down = np.zeros_like(result), np.zeros_like(result)
    step_right[:, : overlap - 1] = _missing(left, right, own, 1)
    step_down[:-1, :overlap] = _missing(left, right, own, 0)
    lowest, highest = values.min((0, 1)), values.max((0, 1))
    corrected = result + _correction(step_right, step_down, 1 / (FADE * overlap) ** 2)
    return np.asarray(np.clip(corrected, lowest, highest), np.float32)


def _cut(gap: Floats) -> NDArray[np.intp]:
    """(H, overlap) -> (H): the column of the cheapest path from the first row to the last, which meet around the edge.

    The path of two copies, one below the other, tells where it crosses the edge by itself.
    """
    free = _path(np.concatenate([gap, gap]), None)
    return _path(gap, int(free[len(gap)]))


def _path(gap: Floats, end: int | None) -> NDArray[np.intp]:
    """The cheapest path, which begins and ends at the column `end`, where that is given."""
    cost = gap.astype(np.float64)
    if end is not None:
        closed = np.full(gap.shape[1], np.inf)
        closed[end] = 0
        cost[0] += closed
    for row in range(1, len(cost)):
        before = np.pad(cost[row - 1], 1, constant_values=np.inf)
        cost[row] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    path = np.zeros(len(cost), np.intp)
    path[-1] = cost[-1].argmin() if end is None else end
    for row in range(len(cost) - 2, -1, -1):
        low = max(path[row + 1] - 1, 0)
        path[row] = low + cost[row, low : path[row + 1] + 2].argmin()
    return path


def _missing(left: Floats, right: Floats, own: NDArray[np.bool_], axis: int) -> Floats:
    """What the steps across the cut lack to be the mean of both sides' own steps; 0 elsewhere."""
    pixels = np.where(own[..., None], left, right)
    across = np.diff(own.astype(np.int8), axis=axis) != 0
    wanted = (np.diff(left, axis=axis) + np.diff(right, axis=axis)) / 2
    return np.asarray(np.where(across[..., None], wanted - np.diff(pixels, axis=axis), 0), np.float32)


def _correction(right: Floats, down: Floats, stiffness: float) -> Floats:
    """The smooth, periodic c (H, W, channels) with the least |grad c - steps|^2 + stiffness c^2."""
    divergence = right - np.roll(right, 1, 1) + down - np.roll(down, 1, 0)
    height, width = right.shape[:2]
    y, x = 2 * np.pi * np.fft.fftfreq(height)[:, None], 2 * np.pi * np.fft.rfftfreq(width)
    scale = stiffness + 4 - 2 * np.cos(y) - 2 * np.cos(x)
    channels = [
        np.fft.irfft2(-np.fft.rfft2(divergence[..., channel]) / scale, (height, width))
        for channel in range(right.shape[2])
    ]
    return np.stack(channels, -1).astype(np.float32)
