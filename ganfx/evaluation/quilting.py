"""Image quilting (Efros and Freeman 2001): the classic that textures are compared with."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

# Side of the blocks, the pixels in which neighbors overlap, and how much worse than the best a block may fit.
BLOCK, OVERLAP, TOLERANCE = 32, 6, 0.1


def quilted(example: Floats, size: tuple[int, int], random: np.random.Generator) -> Floats:
    """A texture of `size` (width, height) out of square blocks of `example` (H, W, 3), joined along the least error."""
    block = min(BLOCK, *(side // 2 for side in example.shape[:2]))
    pitch = block - OVERLAP
    columns, rows = (-(-side // pitch) for side in size)
    canvas = np.zeros((rows * pitch + OVERLAP, columns * pitch + OVERLAP, 3), np.float32)
    for row in range(rows):
        for column in range(columns):
            part = canvas[row * pitch : row * pitch + block, column * pitch : column * pitch + block]
            _place(part, example, row > 0, column > 0, random)
    return canvas[: size[1], : size[0]]


def _place(part: Floats, example: Floats, above: bool, left: bool, random: np.random.Generator) -> None:
    """Put a block into `part` that fits what is there in the overlaps `above` and `left`."""
    overlap = np.zeros(part.shape[:2], np.float32)
    overlap[:OVERLAP] = above
    overlap[:, :OVERLAP] = np.maximum(overlap[:, :OVERLAP], left)
    height, width = (side - len(part) + 1 for side in example.shape[:2])
    errors = np.zeros((height, width), np.float32)
    if overlap.any():
        errors = cv2.matchTemplate(example, part, cv2.TM_SQDIFF, mask=np.repeat(overlap[..., None], 3, 2))
    fitting = np.argwhere(errors <= max(float(errors.min()), 1e-6) * (1 + TOLERANCE))
    y, x = fitting[random.integers(len(fitting))]
    block = example[y : y + len(part), x : x + len(part)]
    gap = np.square(block - part).sum(-1)
    taken = np.ones(part.shape[:2], np.bool_)
    if left:
        taken[:, :OVERLAP] &= _beyond_cut(gap[:, :OVERLAP])
    if above:
        taken[:OVERLAP] &= _beyond_cut(gap[:OVERLAP].T).T
    part[taken] = block[taken]


def _beyond_cut(gap: Floats) -> NDArray[np.bool_]:
    """(n, OVERLAP): what is right of the cheapest path from the first row to the last, by dynamic programming."""
    cost = gap.copy()
    for row in range(1, len(cost)):
        before = np.pad(cost[row - 1], 1, constant_values=np.inf)
        cost[row] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    path = np.zeros(len(cost), np.intp)
    path[-1] = cost[-1].argmin()
    for row in range(len(cost) - 2, -1, -1):
        low = max(path[row + 1] - 1, 0)
        path[row] = low + cost[row, low : path[row + 1] + 2].argmin()
    return np.arange(gap.shape[1]) >= path[:, None]
