"""sRGB and linear light (IEC 61966-2-1), in float and without clipping."""

from __future__ import annotations

import numpy as np

from ganfx.picture import Floats

# What red, green and blue add to luminance (Rec. 709).
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def encode_srgb(linear: Floats) -> Floats:
    """Linear light to sRGB encoding, odd-symmetric below 0 and continued above 1 (as scRGB does)."""
    size = np.abs(linear)
    power = np.float32(1.055) * np.power(size, np.float32(1 / 2.4)) - np.float32(0.055)
    return np.copysign(np.where(size <= np.float32(0.0031308), size * np.float32(12.92), power), linear)


def decode_srgb(encoded: Floats) -> Floats:
    """The inverse of `encode_srgb`."""
    size = np.abs(encoded)
    power = np.power((size + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    return np.copysign(np.where(size <= np.float32(0.04045), size / np.float32(12.92), power), encoded)
