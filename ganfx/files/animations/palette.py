"""One palette for all frames of a GIF, and the pixels put into its colors."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

# Pixels that the palette is made from, of all frames together.
_SAMPLED = 2**16
_ITERATIONS = 12
# Cells of color space for which the nearest colors are looked up once: so many bits per channel.
_BITS = 6
_CELLS_AT_ONCE = 512
# How far apart colors look that differ in one channel alone.
_WEIGHTS = np.array([0.6, 1.0, 0.5], np.float32)
# The cost of mixing two colors that are far apart, which looks grainy, beside that of a wrong color.
_GRAIN = 0.06
# (8, 8): ordered thresholds in (0, 1).
_THRESHOLDS = np.array([[0, 2], [3, 1]])
for _ in range(2):
    _THRESHOLDS = np.block([[4 * _THRESHOLDS, 4 * _THRESHOLDS + 2], [4 * _THRESHOLDS + 3, 4 * _THRESHOLDS + 1]])
_THRESHOLDS = (_THRESHOLDS.astype(np.float32) + 0.5) / 64

Colors = NDArray[np.uint8]


class ColorCensus:
    """The colors of all frames, counted as they come. frames: how many there will be."""

    def __init__(self, frames: int) -> None:
        self._per_frame = max(1, _SAMPLED // frames)
        self._sampled = list[Colors]()
        self._all = np.empty(0, np.uint32)

    def add(self, rgb: Colors) -> None:
        """Count the colors (n, 3) of a frame's visible pixels."""
        if len(self._all) <= 256:
            self._all = np.union1d(self._all, _packed(rgb))
        self._sampled.append(rgb[:: max(1, len(rgb) // self._per_frame)].copy())

    def palette(self, most: int) -> tuple[Colors, bool]:
        """At most `most` colors (n, 3), n > 0, and whether they are exactly those of all frames."""
        if len(self._all) <= most:
            found = np.stack([self._all >> 16, self._all >> 8, self._all], -1).astype(np.uint8)
            return (found if len(found) else np.zeros((1, 3), np.uint8)), True
        sampled = np.concatenate(self._sampled) * _WEIGHTS
        # The same pixels give the same palette: the generator is this thread's own.
        cv2.setRNGSeed(1)
        stop = (cv2.TERM_CRITERIA_COUNT, _ITERATIONS, 0.0)
        count = min(most, len(sampled))
        centers = cv2.kmeans(sampled, count, None, stop, 1, cv2.KMEANS_PP_CENTERS)[2]  # type: ignore[call-overload]
        return np.unique(np.rint(centers / _WEIGHTS).astype(np.uint8), axis=0), False


class Mapping:
    """Puts pixels into the colors (n, 3) of a palette, with ordered dithering: what does not move does not flicker."""

    def __init__(self, colors: Colors) -> None:
        self._colors = colors.astype(np.float32) * _WEIGHTS
        cells = 1 << 3 * _BITS
        self._known = np.zeros(cells, bool)
        self._first, self._second = np.zeros(cells, np.uint8), np.zeros(cells, np.uint8)

    def indices(self, rgb: Colors) -> NDArray[np.uint8]:
        """For the pixels (H, W, 3) the numbers (H, W) of their colors."""
        height, width = rgb.shape[:2]
        cells = _packed(np.asarray(rgb >> (8 - _BITS), np.uint8), _BITS)
        self._learn(np.unique(cells))
        first, second = self._first[cells], self._second[cells]
        near, step = self._colors[first], self._colors[second] - self._colors[first]
        length = np.maximum((step**2).sum(-1), 1e-6)
        share = ((rgb * _WEIGHTS - near) * step).sum(-1) / length
        thresholds = np.tile(_THRESHOLDS, (-(-height // 8), -(-width // 8)))[:height, :width]
        return np.where(share > thresholds, second, first)

    def _learn(self, cells: NDArray[np.uint32]) -> None:
        """Find, for cells that were not met before, the two colors that mix best to the cell's."""
        new = cells[~self._known[cells]]
        for at in range(0, len(new), _CELLS_AT_ONCE):
            part = new[at : at + _CELLS_AT_ONCE]
            levels = np.stack([part >> 2 * _BITS, part >> _BITS, part], -1) & ((1 << _BITS) - 1)
            color = (levels.astype(np.float32) + 0.5) * (1 << (8 - _BITS)) * _WEIGHTS
            self._first[part], self._second[part] = self._best_pair(color)
        self._known[new] = True

    def _best_pair(self, color: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The nearest color to each of `color` (n, 3), and the one to mix it with."""
        first = ((color[:, None] - self._colors) ** 2).sum(-1).argmin(1)
        near = self._colors[first][:, None]
        step = self._colors - near
        length = (step**2).sum(-1)
        share = np.clip((((color[:, None] - near) * step).sum(-1)) / np.maximum(length, 1e-6), 0, 1)
        wrong = ((near + share[..., None] * step - color[:, None]) ** 2).sum(-1)
        return first, (wrong + _GRAIN * length).argmin(1)


class ExactMapping:
    """Puts pixels, all of whose colors the palette (n, 3) has, into these."""

    def __init__(self, colors: Colors) -> None:
        self._packed = _packed(colors)
        self._order = np.argsort(self._packed)

    def indices(self, rgb: Colors) -> NDArray[np.uint8]:
        """For the pixels (H, W, 3) the numbers (H, W) of their colors."""
        places = np.searchsorted(self._packed, _packed(rgb), sorter=self._order)
        return np.asarray(self._order[np.minimum(places, len(self._order) - 1)], np.uint8)


def _packed(rgb: Colors, bits: int = 8) -> NDArray[np.uint32]:
    """Colors (..., 3) as one number each."""
    wide = rgb.astype(np.uint32)
    return np.asarray(wide[..., 0] << 2 * bits | wide[..., 1] << bits | wide[..., 2], np.uint32)
