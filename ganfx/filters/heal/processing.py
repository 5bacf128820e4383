"""Healing on arrays: the finder's probabilities turned into a mask."""

from __future__ import annotations

import cv2
import numpy as np

from ganfx.filters.base import Values
from ganfx.imaging.picture import Floats, Mask

# The two thresholds of the hysteresis, as probabilities of damage at sensitivity 0.5.
HIGH, LOW = 0.6, 0.3


def damage_mask(probability: Floats, options: Values) -> Mask:
    """1 where probability (H, W) of damage is above a low threshold and connected to a pixel above a high one, else 0
    (hysteresis thresholding; Canny 1986)."""
    # Sensitivity 0 moves both thresholds towards 1, and 1 moves them towards 0.
    power = 4.0 ** (1 - 2 * options["sensitivity"])
    high, low = (1 - (1 - threshold) ** power for threshold in (HIGH, LOW))
    _, labels = cv2.connectedComponents((probability > low).astype(np.uint8), connectivity=8)
    kept = np.zeros(labels.max() + 1, np.float32)
    kept[labels[probability > high]] = 1
    kept[0] = 0
    return np.asarray(kept[labels], np.float32)
