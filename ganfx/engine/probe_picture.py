"""A picture like a photograph, to try on networks what their values mean: they were trained on such ones."""

from __future__ import annotations

import cv2
import numpy as np

from ganfx.engine.tiles import Floats

_SEED = 7
_OCTAVES, _COLOR_OCTAVES = 5, 2
# What each octave is of the one before, and colors of the light.
_DECAY, _COLOR = 0.6, 0.5


def probe_picture(height: int, width: int, channels: int) -> Floats:
    """Noise with the spectrum of photographs, a disc and a bar, weakly colored: (height, width, channels) in [0, 1]."""
    random = np.random.default_rng(_SEED)
    light = _noise(height, width, _OCTAVES, random)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    light += 0.5 * (np.hypot(x - 0.6, y - 0.45) < 0.22) - 0.5 * (np.abs(x - 0.25) < 0.04)
    planes = [light + _COLOR * _noise(height, width, _COLOR_OCTAVES, random) for _ in range(channels)]
    picture = np.stack(planes, axis=2)
    low, high = np.percentile(picture, (2, 98))
    return np.asarray(np.clip(0.05 + 0.9 * (picture - low) / (high - low), 0, 1), np.float32)


def _noise(height: int, width: int, octaves: int, random: np.random.Generator) -> Floats:
    sums = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        grid = random.random((3 << octave, 3 << octave)).astype(np.float32) - np.float32(0.5)
        sums += np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)) * np.float32(
            _DECAY**octave
        )
    return sums
