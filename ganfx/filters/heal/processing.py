"""Healing on arrays: the finder's probabilities turned into what is certain and what is doubtful."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.filters.base import CERTAIN, DOUBTFUL, Values
from ganfx.filters.heal.borders import worn_borders
from ganfx.filters.heal.kinds import kinds_of_places
from ganfx.imaging.picture import Floats, Mask

Pixels = NDArray[np.bool_]

# The two thresholds of the hysteresis (Canny 1986), as probabilities of damage at sensitivity 0.5, for each level.
SURE = (0.75, 0.3)
UNSURE = (0.5, 0.2)
# Gaps of a crack, in pixels, over which it is followed.
GAP = 5
# Half the width of the widest crack, in pixels, and for so many pixels of the longer side one pixel.
THICK, THICK_SIDE = 6, 100
# The least width of what is round and no dust, in pixels, and for so many pixels of the longer side one pixel; and the
# share of the box around it that it fills.
ROUND, ROUND_SIDE, FULL = 6, 60, 0.65
# A picture in which less than this share is sure to be damaged, or fewer pixels, is taken for a sound one.
DAMAGED_SHARE, DAMAGED_PIXELS = 2e-4, 24


def damage_mask(probability: Floats, options: Values) -> Mask:
    """Levels (H, W): CERTAIN where probability (H, W) of damage is high, DOUBTFUL where it is less so, else 0.

    Either is followed along a crack down to a lower threshold. What is wider than a crack, or round, is doubtful, and
    in a picture that is hardly damaged as a whole nothing is certain. With `only`, places of these kinds alone; without
    `edges`, none of the print's border.
    """
    sure = _followed(probability, SURE, options["sensitivity"])
    unsure = _followed(probability, UNSURE, options["sensitivity"]) | sure
    if not options["edges"]:
        border = worn_borders(unsure)
        sure, unsure = sure & ~border, unsure & ~border
    if (sensitivity := options["sensitivity"]) < 1:
        # 1 in the middle; who wants more found, wants wider and larger places, too.
        scale = sensitivity / (1 - sensitivity)
        sure &= ~(thick_places(sure, scale) | round_places(sure, scale))
    if not is_damaged(probability, sure, options["sensitivity"]):
        sure = np.zeros_like(sure)
    levels = np.where(sure, CERTAIN, np.where(unsure, DOUBTFUL, 0)).astype(np.float32)
    if options["only"]:
        levels[~_of_kinds(unsure, options["only"])] = 0
    return levels


def thick_places(found: Pixels, scale: float) -> Pixels:
    """The parts of `found` (H, W) that are wider than cracks are: more often a thing of the scene that looks worn.

    `scale` times the usual width is allowed, a pixel at least.
    """
    radius = max(1, round(scale * max(THICK, max(found.shape) / THICK_SIDE)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    cores = cv2.erode(found.astype(np.uint8), disc)
    # The rim of a thick place goes with it.
    return np.asarray(found & (cv2.dilate(cv2.dilate(cores, disc), disc) > 0))


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


def is_damaged(probability: Floats, sure: Pixels, sensitivity: float) -> bool:
    """The verdict on the whole picture: whether enough of it is damaged for any damage to be believed."""
    strong = int(np.count_nonzero(sure & (probability > _moved(SURE[0], sensitivity))))
    return strong >= max(DAMAGED_PIXELS, DAMAGED_SHARE * sure.size) * _leniency(sensitivity)


def _moved(threshold: float, sensitivity: float) -> float:
    """Sensitivity 0 moves a threshold towards 1, and 1 towards 0."""
    return 1 - math.pow(1 - threshold, _leniency(sensitivity))


def _leniency(sensitivity: float) -> float:
    """4 at sensitivity 0, 1 in the middle, 1/4 at sensitivity 1."""
    return math.pow(4, 1 - 2 * sensitivity)


def _followed(probability: Floats, thresholds: tuple[float, float], sensitivity: float) -> Pixels:
    """The pixels above the lower threshold from which one above the higher is reached over gaps of GAP at most."""
    high, low = (_moved(threshold, sensitivity) for threshold in thresholds)
    weak = probability > low
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP, GAP))
    _, labels = cv2.connectedComponents(cv2.dilate(weak.astype(np.uint8), disc), connectivity=8)
    kept = np.zeros(labels.max() + 1, bool)
    kept[labels[probability > high]] = True
    kept[0] = False
    return np.asarray(kept[labels] & weak)


def _of_kinds(found: Pixels, kinds: tuple[str, ...]) -> Pixels:
    labels, named = kinds_of_places(found)
    wanted = np.array([False, *(kind in kinds for kind in named)])
    return np.asarray(wanted[labels])
