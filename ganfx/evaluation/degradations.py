"""Color pictures made grey reproducibly: as their luminance, or as scans of old prints."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.evaluation.protocol import eight_bit
from ganfx.imaging.color import LUMA, decode_srgb, encode_srgb, lab_of, with_chroma
from ganfx.imaging.picture import Floats

# Weights of linear red, green and blue in an emulsion that is hardly sensitive to red.
_ORTHOCHROMATIC = np.array([0.05, 0.5, 0.45])


def plain(rgb: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """(the luminance by Rec. 709, `rgb` as the right answer)."""
    return _grey(encode_srgb(decode_srgb(rgb) @ LUMA)), rgb


def old(rgb: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """(a scan of an old print, its lightness with the colors of `rgb` as the right answer).

    Two to ten tenths orthochromatic, a gamma of 0.7-1.4, a black of up to 12 % and a white of 85 % at least,
    blur of sigma 0.4-1.0 and grain of 2-6 grey levels.
    """
    weights = LUMA + random.uniform(0.2, 1) * (_ORTHOCHROMATIC - LUMA)
    light = encode_srgb(np.asarray(decode_srgb(rgb) @ weights, np.float32)) ** random.uniform(0.7, 1.4)
    black, white = random.uniform(0, 0.12), random.uniform(0.85, 1)
    soft = cv2.GaussianBlur(black + (white - black) * light, (0, 0), random.uniform(0.4, 1))
    grey = _grey(soft + random.normal(0, random.uniform(2, 6) / 255, soft.shape))
    return grey, eight_bit(with_chroma(grey, lab_of(rgb)[..., 1:]))


def _grey(plane: NDArray[np.floating]) -> Floats:
    return eight_bit(np.repeat(np.asarray(plane, np.float32)[..., None], 3, axis=2))


Greying = Callable[[Floats, np.random.Generator], tuple[Floats, Floats]]
DEGRADATIONS: dict[str, Greying] = {"plain": plain, "old": old}


def turn_grey(rgb: Floats, degradation: str, name: str) -> tuple[Floats, Floats]:
    """rgb (H, W, 3) -> the grey picture and what it is when its colors are right, both of 8-bit values in [0, 1].

    Seeded by `name` alone.
    """
    return DEGRADATIONS[degradation](rgb, np.random.default_rng(zlib.crc32(name.encode())))
