"""Examples of textures, drawn."""

from __future__ import annotations

import cv2
import numpy as np

from ganfx.imaging.picture import Floats


def grains(height: int, width: int, seed: int = 0) -> Floats:
    """rgb (H, W, 3): soft noise of several sizes under fine grain, darker towards the lower right, so that it does not
    tile."""
    random = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(random.normal(size=(height, width, 3)), (0, 0), s) * s for s in (1, 3, 8)]
    light = np.linspace(0.1, -0.1, width) + np.linspace(0.1, -0.1, height)[:, None]
    return np.asarray(np.clip(0.5 + 0.12 * sum(layers) + light[..., None], 0, 1), np.float32)
