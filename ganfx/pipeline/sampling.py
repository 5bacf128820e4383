"""Crops of a picture at full resolution, for estimates that a reduced picture would spoil, such as that of noise."""

from __future__ import annotations

import numpy as np

from ganfx.engine import PixelProgress
from ganfx.imaging.picture import Box, Picture
from ganfx.pipeline.source import Source

# At most GRID x GRID crops, each of at most SIDE x SIDE pixels.
GRID, SIDE = 4, 256
# Crops begin at multiples of this, so that the blocks of a JPEG (16 pixels with 4:2:0 chroma) stay aligned.
ALIGNMENT = 16


def sample_crops(source: Source, progress: PixelProgress) -> list[Picture]:
    """Crops spread evenly over `source`, from the top down; a small picture is one crop, as a whole.

    `progress` is called with 0 before each, so that it may interrupt.
    """
    if max(source.width, source.height) <= GRID * SIDE:
        return [source.rows(0, source.height)]
    boxes = [
        Box(left, top, min(left + SIDE, source.width), min(top + SIDE, source.height))
        for top in _starts(source.height)
        for left in _starts(source.width)
    ]
    crops = []
    for box in boxes:
        progress(0)
        crops.append(source.crop(box))
    return crops


def _starts(length: int) -> list[int]:
    """Where crops begin along a side of `length` pixels; they do not overlap."""
    count = min(GRID, -(-length // SIDE))
    starts = np.linspace(0, max(length - SIDE, 0), count)
    return [int(start) // ALIGNMENT * ALIGNMENT for start in starts]
