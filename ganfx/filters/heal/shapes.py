"""Shapes that are rather things of the scene than damage: thick ones, round ones, broad ones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.bool_]

# Half the width of the widest crack, in pixels, and for so many pixels of the longer side one pixel.
THICK, THICK_SIDE = 6, 100
# The least width of what is round and no dust, in pixels, and for so many pixels of the longer side one pixel; and the
# share of the box around it that it fills.
ROUND, ROUND_SIDE, FULL = 6, 60, 0.55
# Half the width of the widest crack that is followed on faint signs, in pixels, and for so many pixels of the longer
# side one pixel.
BROAD, BROAD_SIDE = 2, 200


def thick_places(found: Pixels, scale: float) -> Pixels:
    """The parts of `found` (H, W) that are wider than cracks are: more often a thing of the scene that looks worn.

    `scale` times the usual width is allowed, a pixel at least.
    """
    disc = _disc(scale * max(THICK, max(found.shape) / THICK_SIDE))
    cores = cv2.erode(found.astype(np.uint8), disc)
    # The rim of a thick place goes with it.
    return np.asarray(found & (cv2.dilate(cv2.dilate(cores, disc), disc) > 0))


def broad_places(found: Pixels, scale: float) -> Pixels:
    """The parts of `found` (H, W) that are wider than most cracks: where such a crack is, or a thing that it touches.

    `scale` times the usual width is allowed, a pixel at least.
    """
    cores = cv2.morphologyEx(
        found.astype(np.uint8), cv2.MORPH_OPEN, _disc(scale * max(BROAD, max(found.shape) / BROAD_SIDE))
    )
    return np.asarray(found & (cv2.dilate(cores, np.ones((3, 3), np.uint8)) > 0))


def round_places(found: Pixels, scale: float) -> Pixels:
    """The compact places in `found` (H, W) that are larger than dust: more often buttons, pearls, eyes and lights.

    `scale` times the usual size is allowed.
    """
    least = scale * max(ROUND, max(found.shape) / ROUND_SIDE)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
    width, height, area = (boxes[:, column] for column in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    is_round = (np.minimum(width, height) >= least) & (area >= FULL * width * height)
    is_round[0] = False
    return np.asarray(is_round[labels])


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
