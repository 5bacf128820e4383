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
MOST, LONG = 1 / 3, 1 / 6


def is_damaged(sure: Pixels, strong: Pixels, leniency: float) -> bool:
    """Whether enough of a picture is damaged, where `sure` (H, W) are the places and `strong` the clearest of them.

    `leniency` times the usual number of pixels is asked for.
    """
    needed = max(DAMAGED_PIXELS, DAMAGED_SHARE * sure.size) * leniency
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(sure.astype(np.uint8), connectivity=8)
    pixels = np.bincount(labels[strong & sure], minlength=count)
    lengths = np.hypot(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT])
    is_long = lengths >= LONG * np.hypot(*sure.shape)
    return bool(np.where(is_long, pixels, np.minimum(pixels, MOST * needed)).sum() >= needed)
