"""The verdict on a whole picture: whether any damage in it is believed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.bool_]

# A picture in which less than this share is strongly marked, or fewer pixels, is taken for a sound one.
DAMAGED_SHARE, DAMAGED_PIXELS = 2e-4, 24
# A place counts for this share of what is needed at most, unless its box is longer than this share of the picture's
# diagonal: a leaf, a flower or a bandage is marked as strongly as damage, but damage is in several places, or long.
MOST, LONG = 0.34, 1 / 6
# The least share of strongly marked pixels among all that are marked. On damaged scans it is 0.11 and more; on sound
# pictures full of stones, books or leaves the network hesitates, and it is 0.01.
CLEAR = 1 / 30


def is_damaged(sure: Pixels, strong: Pixels, weak: Pixels, leniency: float) -> bool:
    """Whether damage is believed, where `sure` (H, W) are its places and the marks in the picture are weak or strong.

    `leniency` times the usual number of pixels, and share of strong ones, is asked for.
    """
    if np.count_nonzero(strong) < CLEAR * leniency * np.count_nonzero(weak):
        return False
    needed = max(DAMAGED_PIXELS, DAMAGED_SHARE * sure.size) * leniency
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(sure.astype(np.uint8), connectivity=8)
    pixels = np.bincount(labels[strong & sure], minlength=count)
    lengths = np.hypot(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT])
    is_long = lengths >= LONG * np.hypot(*sure.shape)
    return bool(np.where(is_long, pixels, np.minimum(pixels, MOST * needed)).sum() >= needed)
