"""Synthetic pictures to evaluate by."""

from __future__ import annotations

import cv2
import numpy as np


def scene(height: int, width: int, seed: int) -> np.ndarray:
    """(height, width, 3) of soft spots, 8 bit, its own for each seed."""
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.rint((soft - soft.min()) / (soft.max() - soft.min()) * 255).astype(np.uint8)
