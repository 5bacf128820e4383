"""How much of a texture is copied from its example, and how symmetric it is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.evaluation.metrics import Plane, luma
from ganfx.imaging.picture import Floats

# Side of the windows that are looked up in the example, in pixels.
WINDOW = 3


def largest_copy(texture: Floats, example: Floats) -> int:
    """The side in pixels of the largest square of `texture` (h, w, 3) that stands in `example` (H, W, 3) just so.

    Both are 8-bit values in [0, 1]. Windows that the example has more than once, as in flat areas, count as not copied;
    so does all that was changed by a level of 255 or more.
    """
    theirs, own = (_codes(rgb) for rgb in (example, texture))
    known, first, counts = np.unique(theirs, return_index=True, return_counts=True)
    at = np.minimum(np.searchsorted(known, own), len(known) - 1)
    found = (known[at] == own) & (counts[at] == 1)
    rows, columns = np.divmod(first[at], theirs.shape[1])
    down, right = np.indices(own.shape)
    moved = np.where(found, (rows - down) * 2**20 + columns - right, -(2**50))
    if not found.any():
        return 0
    side = 1
    alike = _linked(moved, found)
    while (
        side < min(own.shape)
        and cv2.erode(alike, np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0).any()
    ):
        side += 1
    return side + WINDOW - 1


def _linked(moved: NDArray[np.int64], found: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(h - 1, w - 1): where two by two windows stand in the example in the same way."""
    same = found[:-1, :-1].copy()
    for other in (moved[1:, :-1], moved[:-1, 1:], moved[1:, 1:]):
        same &= moved[:-1, :-1] == other
    return same.astype(np.uint8)


def _codes(rgb: Floats) -> NDArray[np.uint64]:
    """(H, W, 3) -> (H - 2, W - 2): a number for each window, with 8-bit values hashed by random odd factors."""
    pixels = np.rint(rgb * 255).astype(np.uint64)
    factors = np.random.default_rng(0).integers(2**63, size=(WINDOW, WINDOW, 3), dtype=np.uint64) | np.uint64(1)
    height, width = (side - WINDOW + 1 for side in rgb.shape[:2])
    codes = np.zeros((height, width), np.uint64)
    for row in range(WINDOW):
        for column in range(WINDOW):
            codes += (pixels[row : row + height, column : column + width] * factors[row, column]).sum(-1)
    return codes


def mirror_symmetry(rgb: Floats) -> float:
    """The highest correlation of luma with its mirror image about any vertical or horizontal axis: 1 where it has one.

    The texture goes on around its edges. Slow changes of light are taken out before.
    """
    plane = luma(rgb)
    detail = plane - cv2.blur(plane, (31, 31))
    return max(_mirrored(detail), _mirrored(detail.T))


def _mirrored(plane: Plane) -> float:
    """About vertical axes: the cyclic correlation of each row with itself read backwards, summed over the rows."""
    spectrum = np.fft.rfft(plane, axis=1)
    correlation = np.fft.irfft((spectrum**2).sum(0), plane.shape[1])
    return float(correlation.max() / max(np.square(plane).sum(), 1e-9))
