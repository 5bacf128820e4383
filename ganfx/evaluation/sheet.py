"""Contact sheets: the same piece of each method's output, side by side."""

from __future__ import annotations

import cv2
import numpy as np

from ganfx.evaluation.metrics import luma
from ganfx.imaging.contact_sheet import CAPTION, CELL, Cell, Sheet
from ganfx.imaging.picture import Floats, Mask

__all__ = ["CAPTION", "CELL", "Cell", "Sheet", "around", "busiest", "enlarged_pixels"]


def busiest(rgb: Floats, scale: int, size: int = CELL) -> tuple[slice, slice]:
    """Rows and columns of the `size` x `size` piece with the most detail, beginning at multiples of `scale`."""
    plane = luma(rgb)
    detail = np.abs(cv2.Laplacian(plane, cv2.CV_64F))
    height, width = (min(size, side) for side in plane.shape)
    sums = np.pad(detail.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    pieces = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    starts = pieces[::scale, ::scale]
    top, left = (int(index) * scale for index in np.unravel_index(np.argmax(starts), starts.shape))
    return slice(top, top + height), slice(left, left + width)


def around(mask: Mask, size: int) -> tuple[slice, slice]:
    """Rows and columns of a `size` x `size` piece, centred where `mask` (H, W) covers most."""
    near = cv2.GaussianBlur(mask, (0, 0), size / 6, borderType=cv2.BORDER_CONSTANT)
    centre = np.unravel_index(np.argmax(near), near.shape)
    rows, columns = (_centred(int(at), size, side) for at, side in zip(centre, mask.shape, strict=True))
    return rows, columns


def _centred(at: int, size: int, side: int) -> slice:
    start = min(max(at - size // 2, 0), max(side - size, 0))
    return slice(start, min(start + size, side))


def enlarged_pixels(low_res: Floats, scale: int) -> Floats:
    """Every pixel of (H, W, 3) as a square of `scale`."""
    return low_res.repeat(scale, axis=0).repeat(scale, axis=1)
