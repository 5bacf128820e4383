"""Kinds of damage, told by the shapes of the places."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.filters.heal.names import CRACKS, DUST, SCRATCHES, STAINS

# The longest side of a speck, in pixels, and for so many pixels of the picture's longer side one pixel.
SPECK, SPECK_SIDE = 8, 120
# Places shorter than this multiple of their width are stains.
LONG = 4.0
# The greatest mean width of a scratch, in pixels, and for so many pixels of the longer side one pixel.
THIN, THIN_SIDE = 2.5, 400
# A line longer than this multiple of the diagonal of the box around it branches or turns: a crack.
STRAIGHT = 1.3


def kinds_of_places(found: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[str]]:
    """(labels (H, W) of the connected places, 0 for none; the kind of each from label 1 on)."""
    mask = found.astype(np.uint8)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    # A line of width w has a mean depth of about w / 4, and half a pixel is never more than the edge.
    depths = np.bincount(labels.ravel(), depth.ravel(), count)
    named = []
    for number in range(1, count):
        area = int(boxes[number, cv2.CC_STAT_AREA])
        width = max(4 * depths[number] / area - 1, 1.0)
        box = int(boxes[number, cv2.CC_STAT_WIDTH]), int(boxes[number, cv2.CC_STAT_HEIGHT])
        named.append(_kind(area / width, width, box, max(found.shape)))
    return np.asarray(labels, np.int32), named


def _kind(length: float, width: float, box: tuple[int, int], side: int) -> str:
    if max(box) <= SPECK + side / SPECK_SIDE:
        return DUST
    if length < LONG * width:
        return STAINS
    is_straight = length <= STRAIGHT * float(np.hypot(*box))
    return SCRATCHES if is_straight and width <= THIN + side / THIN_SIDE else CRACKS
