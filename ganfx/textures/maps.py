"""Guesses of a material from one picture of it: height, normals and roughness.

One picture does not tell them: dark may be deep or painted. Height is guessed by "dark is deep" (Langer and Bülthoff
2000), with what is large and only light taken out.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ganfx.errors import OptionError
from ganfx.imaging.color import LUMA
from ganfx.imaging.picture import Floats, Picture, PictureInfo
from ganfx.textures.seams import seam

STYLES = ("opengl", "directx")
# Light changes over this share of the shorter side; what is smaller is taken for height.
LIGHT = 1 / 6
# Shares of pixels that may be beyond black and white.
BEYOND = 0.5
# Slopes of the normals for height in [0, 1] over 32 pixels, at strength 1.
SLOPE = 32 / 8
# Roughness where the normals within WINDOW pixels are alike, and how much their spread adds.
SMOOTH, WINDOW = 0.35, 5
# Steps at the edges of a picture that tiles, beside usual ones.
TILES = 1.3
MOST_PIXELS = 2**25


@dataclass(frozen=True)
class MaterialMaps:
    """height, normal, roughness: pictures of the size of the colors; height has 16 bits."""

    height: Picture
    normal: Picture
    roughness: Picture


def material_maps(picture: Picture, *, style: str = "opengl", strength: float = 1.0) -> MaterialMaps:
    """Guesses from `picture`, which tile where it does.

    style is where green points in the normals: up for "opengl", down for "directx". strength scales the slopes. Raises
    OptionError where either is out of range.
    """
    if style not in STYLES:
        raise OptionError(f"normals: {style!r} is not known", hint=f"there are {' and '.join(STYLES)}")
    if not 0 < strength <= 10:
        raise OptionError(f"strength: {strength:g} is not between 0 and 10")
    borders = [cv2.BORDER_WRAP if seam(picture.rgb, axis) <= TILES else cv2.BORDER_REFLECT for axis in (0, 1)]
    around = round(min(picture.width, picture.height) / 2)
    tall = cv2.copyMakeBorder(_luma(picture), around, around, 0, 0, borders[0])
    padded = np.asarray(cv2.copyMakeBorder(tall, 0, 0, around, around, borders[1]), np.float32)
    inner = slice(around, around + picture.height), slice(around, around + picture.width)
    height = _height(padded, inner)
    normals = _normals(height, SLOPE * strength)
    roughness = _roughness(normals)[inner]
    green = np.array([1, 1 if style == "opengl" else -1, 1], np.float32)
    return MaterialMaps(
        _grey(height[inner], bits=16),
        Picture(np.asarray(normals[inner] * green / 2 + 0.5, np.float32)),
        _grey(roughness, bits=8),
    )


def _luma(picture: Picture) -> Floats:
    return np.asarray(picture.rgb @ LUMA, np.float32)


def _grey(values: Floats, bits: int) -> Picture:
    rgb = np.repeat(np.clip(values, 0, 1)[..., None], 3, -1)
    return Picture(np.asarray(rgb, np.float32), info=PictureInfo(bits=bits, grey=True))


def _height(luma: Floats, inner: tuple[slice, slice]) -> Floats:
    """In [0, 1] inside: luma without its large changes, spread over the whole range."""
    side = min(part.stop - part.start for part in inner)
    detail = luma - cv2.GaussianBlur(luma, (0, 0), max(side * LIGHT, 1))
    low, high = np.percentile(detail[inner], (BEYOND, 100 - BEYOND))
    return np.asarray(np.clip((detail - low) / max(high - low, 1e-4), 0, 1), np.float32)


def _normals(height: Floats, slope: float) -> Floats:
    """(H, W, 3): right, up and towards the viewer, of unit length, by the slopes of the height (Blinn 1978)."""
    soft = cv2.GaussianBlur(height, (0, 0), 0.8)
    right = cv2.Scharr(soft, cv2.CV_32F, 1, 0) / 32
    down = cv2.Scharr(soft, cv2.CV_32F, 0, 1) / 32
    normals = np.stack([-slope * right, slope * down, np.ones_like(right)], -1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True), np.float32)


def _roughness(normals: Floats) -> Floats:
    """In [0, 1], from how much shorter than 1 the mean of the normals around is (Toksvig 2005)."""
    means = cv2.GaussianBlur(normals, (0, 0), WINDOW)
    length = np.clip(np.linalg.norm(means, axis=-1), 0.1, 1)
    return np.asarray(np.sqrt(np.clip(SMOOTH**2 + (1 - length) / length, 0, 1)), np.float32)
