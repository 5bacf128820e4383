"""Drawings: flat colors, outlines, lines and letters, as cartoons, screenshots and logos have them.

Photographs alone teach a network that no edge is quite sharp and no area quite even, and leave it without a word for
the ringing of a JPEG around a line.
"""

from __future__ import annotations

import math
import string

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ganfx.training.strokes import blob, curved, draw, patches

Canvas = NDArray[np.uint8]
Color = NDArray[np.float64]

# The side of a drawing in pixels, and how much larger it is drawn.
SIDE, OVERSAMPLING = 448, 2


def drawing(random: Generator, side: int = SIDE) -> Canvas:
    """A drawing (side, side, 3) in RGB: shapes, lines and letters on an even or graded ground."""
    large = side * OVERSAMPLING
    palette = random.integers(0, 256, (int(random.integers(3, 8)), 3)).astype(np.float64)
    palette[:2] = (255, 255, 255), (8, 8, 8)
    canvas = _ground(random, large, palette)
    ink = palette[1] if random.random() < 0.7 else random.choice(palette)
    for _ in range(random.integers(6, 40)):
        _shape(random, canvas, random.choice(palette), ink)
    for _ in range(random.integers(0, 40)):
        _line(random, canvas, ink if random.random() < 0.6 else random.choice(palette))
    for _ in range(random.integers(0, 8)):
        _letters(random, canvas, random.choice(palette))
    return np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _ground(random: Generator, side: int, palette: Color) -> Canvas:
    first, second = random.choice(palette, 2)
    share = np.zeros((side, side), np.float32) if random.random() < 0.5 else patches(random, side, 2)
    return np.asarray(first + (second - first) * share[..., None] * random.uniform(0.2, 1), np.uint8)


def _shape(random: Generator, canvas: Canvas, color: Color, ink: Color) -> None:
    """A filled area with an even or shaded color, and mostly an outline."""
    side = len(canvas)
    area, edge = np.zeros((2, side, side), np.uint8)
    centre, radius = random.uniform(0, side, 2), side * 0.3 * random.uniform(0.2, 1) ** 2
    outline = blob(random, centre, radius, random.uniform(0, 0.4))
    if random.random() < 0.35:
        corners = random.integers(3, 7)
        angles = np.sort(random.uniform(0, 2 * math.pi, corners))
        points = centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
        outline = np.asarray(np.rint(points * 16)[:, None], np.int32)
    cv2.fillPoly(area, [outline], 255, cv2.LINE_AA, 4)
    shade = 1.0 if random.random() < 0.6 else patches(random, side, 2)[..., None] * 0.5 + 0.5
    _laid(canvas, area, color * shade)
    if random.random() < 0.7:
        width = int(random.integers(1, 7)) * OVERSAMPLING
        cv2.polylines(edge, [outline], True, 255, width, cv2.LINE_AA, 4)
        _laid(canvas, edge, ink)


def _line(random: Generator, canvas: Canvas, color: Color) -> None:
    side = len(canvas)
    cover = np.zeros((side, side), np.uint8)
    length, bend = side * random.uniform(0.05, 0.7), random.choice([0.0, random.uniform(0, 2)])
    path = curved(random, random.uniform(0, side, 2), random.uniform(0, 2 * math.pi), length, bend)
    begin, end = OVERSAMPLING * random.uniform(0.5, 6, 2)
    draw(cover, path, np.linspace(begin, end, len(path) - 1))
    _laid(canvas, cover, color)


def _letters(random: Generator, canvas: Canvas, color: Color) -> None:
    side = len(canvas)
    cover = np.zeros((side, side), np.uint8)
    words = "".join(random.choice(list(string.ascii_letters + string.digits + "    "), int(random.integers(2, 18))))
    size, font = OVERSAMPLING * random.uniform(0.3, 2), int(random.integers(0, 8))
    at = (int(random.uniform(-20, side * 0.7)), int(random.uniform(0, side)))
    cv2.putText(cover, words, at, font, size, 255, max(1, round(size * random.uniform(0.8, 2.5))), cv2.LINE_AA)
    _laid(canvas, cover, color)


def _laid(canvas: Canvas, cover: Canvas, color: Color | NDArray[np.float32]) -> None:
    """Put `color` over the canvas where it is covered; in place."""
    left, top, width, height = cv2.boundingRect(cover)
    where = slice(top, top + height), slice(left, left + width)
    share = (cover[where] / np.float32(255))[..., None]
    shade = color if color.ndim == 1 else color[where]
    canvas[where] = np.rint(canvas[where] * (1 - share) + shade * share)
