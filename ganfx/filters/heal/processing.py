"""Healing on arrays: the finder's probabilities turned into what is certain and what is doubtful."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.filters.base import CERTAIN, DOUBTFUL, Values
from ganfx.filters.heal.borders import worn_borders
from ganfx.filters.heal.crossing import crossing_crack
from ganfx.filters.heal.kinds import kinds_of_places
from ganfx.filters.heal.shapes import broad_places, round_places, thick_places
from ganfx.filters.heal.verdict import is_damaged
from ganfx.imaging.picture import Floats, Mask

Pixels = NDArray[np.bool_]

# The two thresholds of the hysteresis (Canny 1986), as probabilities of damage at sensitivity 0.5, for each level.
SURE = (0.65, 0.25)
UNSURE = (0.5, 0.2)
# The least probability where what is followed is broad: there a crack does not go on, but lies beside a thing.
BROAD = 0.35
# The verdict on the picture counts the pixels above this one.
STRONG = 0.75
# Gaps of a crack, in pixels, over which it is followed.
GAP = 7


def damage_mask(probability: Floats, options: Values) -> Mask:
    """Levels (H, W): CERTAIN where probability (H, W) of damage is high, DOUBTFUL where it is less so, else 0.

    Either is followed along a crack down to a lower threshold. What is wider than a crack, or round, is doubtful, and
    in a picture that is hardly damaged as a whole nothing is certain but a crack that crosses it alone. With `only`,
    places of these kinds alone; without `edges`, none of the print's border.
    """
    sensitivity = options["sensitivity"]
    sure = _followed(probability, SURE, sensitivity)
    unsure = _followed(probability, UNSURE, sensitivity) | sure
    if not options["edges"]:
        border = worn_borders(unsure)
        sure, unsure = sure & ~border, unsure & ~border
    if sensitivity < 1:
        sure = _without_things(sure, probability, sensitivity)
    strong, weak = (probability > _moved(threshold, sensitivity) for threshold in (STRONG, UNSURE[1]))
    if not is_damaged(sure, strong, weak, _leniency(sensitivity)):
        sure = np.zeros_like(sure)
    sure |= crossing_crack(probability, _leniency(sensitivity))
    unsure |= sure
    levels = np.where(sure, CERTAIN, np.where(unsure, DOUBTFUL, 0)).astype(np.float32)
    if options["only"]:
        levels[~_of_kinds(unsure, options["only"])] = 0
    return levels


def _without_things(sure: Pixels, probability: Floats, sensitivity: float) -> Pixels:
    """The part of `sure` that is no thing of the scene: not thick or round, and broad only where it is probable."""
    # 1 in the middle; who wants more found, wants wider and larger places, too.
    scale = sensitivity / (1 - sensitivity)
    sure = sure & ~(thick_places(sure, scale) | round_places(sure, scale))
    beside = broad_places(sure, scale) & (probability <= _moved(BROAD, sensitivity))
    strong = probability > _moved(SURE[0], sensitivity)
    rest = _without_outlines(sure & ~beside, beside, strong)
    return np.asarray(_reached(rest, strong) & ~round_places(rest, scale))


def _without_outlines(found: Pixels, thing: Pixels, strong: Pixels) -> Pixels:
    """`found` without the places that touch `thing` and have nothing strong in them: they are its outline."""
    count, labels = cv2.connectedComponents(found.astype(np.uint8), connectivity=8)
    touching = found & (cv2.dilate(thing.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    is_outline = np.bincount(labels[touching], minlength=count) > 0
    is_outline[labels[found & strong]] = False
    return np.asarray(found & ~is_outline[labels])


def _moved(threshold: float, sensitivity: float) -> float:
    """Sensitivity 0 moves a threshold towards 1, and 1 towards 0."""
    return 1 - math.pow(1 - threshold, _leniency(sensitivity))


def _leniency(sensitivity: float) -> float:
    """4 at sensitivity 0, 1 in the middle, 1/4 at sensitivity 1."""
    return math.pow(4, 1 - 2 * sensitivity)


def _followed(probability: Floats, thresholds: tuple[float, float], sensitivity: float) -> Pixels:
    """The pixels above the lower threshold from which one above the higher is reached."""
    high, low = (_moved(threshold, sensitivity) for threshold in thresholds)
    return _reached(probability > low, probability > high)


def _reached(weak: Pixels, strong: Pixels) -> Pixels:
    """The part of `weak` from which a pixel of `strong` in it is reached over gaps of GAP at most."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP, GAP))
    _, labels = cv2.connectedComponents(cv2.dilate(weak.astype(np.uint8), disc), connectivity=8)
    kept = np.zeros(labels.max() + 1, bool)
    kept[labels[strong & weak]] = True
    kept[0] = False
    return np.asarray(kept[labels] & weak)


def _of_kinds(found: Pixels, kinds: tuple[str, ...]) -> Pixels:
    labels, named = kinds_of_places(found)
    wanted = np.array([False, *(kind in kinds for kind in named)])
    return np.asarray(wanted[labels])
