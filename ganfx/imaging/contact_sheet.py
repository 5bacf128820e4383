"""Contact sheets: pieces of pictures in rows, with captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

CELL = 192
CAPTION = 18
_GAP = 4
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = 0.4


@dataclass(frozen=True)
class Cell:
    """pixels (H, W, 3) in [0, 1], H and W at most the sheet's `cell`, over a caption."""

    pixels: Floats
    caption: str


@dataclass
class Sheet:
    """A contact sheet, not drawn yet: rows of cells under `headings`, `cell` pixels for a side of each."""

    headings: Sequence[str]
    cell: int = CELL
    rows: list[Sequence[Cell]] = field(default_factory=list)

    def draw(self) -> Floats:
        """The rows one below another, on white, as rgb (H, W, 3) in [0, 1]."""
        pitch, row_pitch = self.cell + _GAP, self.cell + CAPTION + _GAP
        shape = (CAPTION + _GAP + row_pitch * len(self.rows), _GAP + pitch * len(self.headings), 3)
        sheet = np.full(shape, 255, np.uint8)
        for column, heading in enumerate(self.headings):
            self._write(sheet, heading, 0, _GAP + column * pitch)
        for row, cells in enumerate(self.rows):
            for column, cell in enumerate(cells):
                top, left = CAPTION + _GAP + row * row_pitch, _GAP + column * pitch
                height, width = cell.pixels.shape[:2]
                sheet[top : top + height, left : left + width] = np.rint(cell.pixels * 255)
                self._write(sheet, cell.caption, top + self.cell, left)
        return np.asarray(sheet / 255, np.float32)

    def _write(self, sheet: NDArray[np.uint8], text: str, top: int, left: int) -> None:
        """Put `text` into the strip of a cell's width below and right of (top, left), smaller where it is long."""
        width = cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)[0][0]
        font_scale = _FONT_SCALE * min(1.0, self.cell / max(width, 1))
        cv2.putText(sheet, text, (left, top + CAPTION - 5), _FONT, font_scale, (0, 0, 0), 1, cv2.LINE_AA)
