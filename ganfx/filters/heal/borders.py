"""The border of a print, torn, rounded or chipped: told from cracks, which only end there."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# What is found so near to the picture's edge may be its border: the share of the shorter side, and the least in pixels.
BAND, LEAST_BAND = 0.04, 6
# Along the edge, border is wider than cracks are: the share of the shorter side, and the least in pixels.
RUN, LEAST_RUN = 0.05, 12


def worn_borders(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part of `found` (H, W) that is the print's border: near the edge, and running along it."""
    height, width = found.shape
    side = min(height, width)
    band, run = max(LEAST_BAND, round(BAND * side)), max(LEAST_RUN, round(RUN * side))
    border = np.zeros_like(found)
    for turn in range(4):
        turned = np.rot90(found, turn)
        border |= np.rot90(_along_top(turned, band, run), -turn)
    return border


def _along_top(found: NDArray[np.bool_], band: int, run: int) -> NDArray[np.bool_]:
    """The same for the upper edge: connected places in the band that touch the edge in `run` columns or more."""
    strip = found[:band].astype(np.uint8)
    border = np.zeros(found.shape, bool)
    count, labels = cv2.connectedComponents(strip, connectivity=8)
    touching = np.bincount(labels[:2].max(0), minlength=count)
    wide = touching >= run
    wide[0] = False
    border[:band] = wide[labels]
    return border
