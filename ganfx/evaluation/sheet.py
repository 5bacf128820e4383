"""Contact sheets: the same piece of several pictures as each contestant drew it, side by side, for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.evaluation.metrics import luma
from ganfx.picture import Floats

CELL = 192
CAPTION = 18
_GAP = 4
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = 0.4


@dataclass(frozen=True)
class Cell:
    """pixels (H, W, 3) in [0, 1], H and W at most CELL, over a caption."""

    pixels: Floats
    caption: str


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


def enlarged_pixels(low_res: Floats, scale: int) -> Floats:
    """Every pixel of (H, W, 3) as a square of `scale`."""
    return low_res.repeat(scale, axis=0).repeat(scale, axis=1)


def draw_sheet(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Floats:
    """The cells of each row side by side under `headings`, on white, as rgb (H, W, 3) in [0, 1]."""
    pitch, row_pitch = CELL + _GAP, CELL + CAPTION + _GAP
    sheet = np.full((CAPTION + _GAP + row_pitch * len(rows), _GAP + pitch * len(headings), 3), 255, np.uint8)
    for column, heading in enumerate(headings):
        _write(sheet, heading, 0, _GAP + column * pitch)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            top, left = CAPTION + _GAP + row * row_pitch, _GAP + column * pitch
            height, width = cell.pixels.shape[:2]
            sheet[top : top + height, left : left + width] = np.rint(cell.pixels * 255)
            _write(sheet, cell.caption, top + CELL, left)
    return np.asarray(sheet / 255, np.float32)


def _write(sheet: NDArray[np.uint8], text: str, top: int, left: int) -> None:
    """Put `text` into the CELL x CAPTION pixels below and right of (top, left), smaller where it is long."""
    width = cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)[0][0]
    font_scale = _FONT_SCALE * min(1.0, CELL / max(width, 1))
    cv2.putText(sheet, text, (left, top + CAPTION - 5), _FONT, font_scale, (0, 0, 0), 1, cv2.LINE_AA)
