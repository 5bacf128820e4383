"""Planes of chrominance (a*, b*): spread from single pixels, and enlarged along the edges of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

# (x, y, [a*, b*]): x and y in [0, 1), shares of the width and the height, are numbers or arrays of the same length.
ChromaHint = tuple[float | Floats, float | Floats, Floats]
Places = NDArray[np.intp]

# Regularization of the guided filter: the variance of the guide in a window below which colors do not follow it.
_EPSILON = 1e-3
# The cost of a path is its length, in long sides of the picture, and _EDGE_COST times the differences in lightness
# along it, each reduced by _TEXTURE.
_EDGE_COST, _TEXTURE = 2.0, 0.02
# The cost at which a hint's weight has fallen to 1 / e.
_REACH = 0.3
# Rounds of four sweeps each that approximate the cheapest paths.
_SWEEPS = 3


@dataclass(frozen=True)
class Guided:
    """Chrominance as a linear function of lightness / 100 around each pixel (fast guided filter; He and Sun 2015).

    slopes    (h, w, 2), at the overview's size
    offsets   (h, w, 2)
    """

    slopes: Floats
    offsets: Floats

    def rows(self, lightness: Floats, top: int, height: int) -> Floats:
        """a* and b* (rows, W, 2) of rows of a picture `height` high, from `top` on, given their lightness / 100."""
        first, second = (rows_of(plane, top, lightness.shape, height) for plane in (self.slopes, self.offsets))
        return first * lightness[..., None] + second


def guided(chroma: Floats, lightness: Floats, radius: int) -> Guided:
    """The guided filter of chroma (h, w, 2) with the guide lightness / 100 (h, w), in windows of `radius` pixels."""

    def mean(plane: Floats) -> Floats:
        return cv2.blur(plane, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)  # type: ignore[return-value]

    light = lightness[..., None]
    mean_light, mean_chroma = mean(lightness)[..., None], mean(chroma)
    variance = mean(lightness**2)[..., None] - mean_light**2
    slopes = (mean(chroma * light) - mean_chroma * mean_light) / (np.maximum(variance, 0) + _EPSILON)
    return Guided(mean(slopes), mean(mean_chroma - slopes * mean_light))


def rows_of(plane: Floats, top: int, shape: tuple[int, ...], height: int) -> Floats:
    """The rows from `top` on, as many and as wide as `shape`, of `plane` (h, w, C) enlarged linearly to `height`."""
    centers = (np.arange(top, top + shape[0]) + 0.5) * len(plane) / height - 0.5
    centers = np.clip(centers, 0, len(plane) - 1)
    above = np.minimum(centers.astype(int), max(len(plane) - 2, 0))
    below = np.minimum(above + 1, len(plane) - 1)
    share = (centers - above).astype(np.float32)[:, None, None]
    rows = np.ascontiguousarray(plane[above] * (1 - share) + plane[below] * share)
    return np.asarray(cv2.resize(rows, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def hinted(chroma: Floats, lightness: Floats, hints: Sequence[ChromaHint]) -> Floats:
    """chroma (h, w, 2) with the colors of `hints` spread around their places (Yatziv and Sapiro 2006).

    The weight of a hint falls with the cost of the cheapest path to it over lightness / 100 (h, w), along which edges
    are expensive.
    """
    if not hints:
        return chroma
    height, width = lightness.shape
    smooth = np.asarray(cv2.bilateralFilter(lightness, 9, 0.12, 4), np.float32)
    places = [(np.multiply(y, height).astype(int), np.multiply(x, width).astype(int)) for x, y, _ in hints]
    distances = np.stack([_path_lengths(smooth, rows, columns) for rows, columns in places])
    weights = (distances + 1e-3) ** -4.0
    colors = np.einsum("nhw,nc->hwc", weights / weights.sum(0), np.stack([color for *_, color in hints]))
    share = np.exp(-((distances.min(0) / _REACH) ** 2))[..., None]
    return np.asarray(chroma * (1 - share) + colors * share, np.float32)


def _path_lengths(lightness: Floats, rows: Places, columns: Places) -> Floats:
    """The cost of the cheapest path from any of some pixels to every other one, by sweeps over rows and columns."""
    lengths = np.full(lightness.shape, np.inf, np.float32)
    lengths[rows, columns] = 0
    step = 1 / max(lightness.shape)
    for _ in range(_SWEEPS):
        for turned in (False, True):
            for back in (1, -1):
                light, cost = (plane.T[::back] if turned else plane[::back] for plane in (lightness, lengths))
                _sweep(light, cost, step)
    return lengths


def _sweep(lightness: Floats, lengths: Floats, step: float) -> None:
    """Extend the paths from each row to the next, straight and diagonally, in place."""
    for before, here in zip(range(len(lengths) - 1), range(1, len(lengths)), strict=True):
        _relax(lengths[here], lengths[before], lightness[here], lightness[before], step)
        _relax(lengths[here, 1:], lengths[before, :-1], lightness[here, 1:], lightness[before, :-1], step * 2**0.5)
        _relax(lengths[here, :-1], lengths[before, 1:], lightness[here, :-1], lightness[before, 1:], step * 2**0.5)


def _relax(lengths: Floats, before: Floats, lightness: Floats, lightness_before: Floats, step: float) -> None:
    edge = np.maximum(np.abs(lightness - lightness_before) - _TEXTURE, 0)
    np.minimum(lengths, before + step + _EDGE_COST * edge, out=lengths)
