"""A small picture with slopes, waves, edges and lines, to test networks by."""

from __future__ import annotations

import numpy as np

from ganfx.engine.tiles import Floats


def drawing(height: int, width: int, channels: int) -> Floats:
    """A slope, a wave, a disc and a grid in different channels: (height, width, channels) in [0, 1]."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    disc = (np.hypot(x - 0.5, y - 0.4) < 0.3) * 0.6 + 0.2
    planes = [x * 0.8 + 0.1, 0.5 + 0.4 * np.sin(20 * x * y), disc, (x * 8 % 1 > 0.8) * 1.0]
    return np.stack([planes[channel % len(planes)] for channel in range(channels)], axis=2).astype(np.float32)
