"""Masks for inpainting: scratches, small objects and huge free-form holes, reproducible by name."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Mask

Canvas = NDArray[np.uint8]
Draw = Callable[[Canvas, float, np.random.Generator], None]

# Lengths are for pictures of this side and grow with the square root of the area.
_SIDE = 512
_SMALL = (0.025, 0.075)
_HUGE = (0.54, 0.8)
_LARGE = (0.15, 0.25)
# Tolerance of a mask's share, relative.
_NEAR = 0.05
# Shapes that would cover too much are skipped; the number of shapes tried.
_PATIENCE = 200
# Corners of a rounded outline.
_CORNERS = 64


def draw_mask(kind: str, height: int, width: int, name: str) -> Mask:
    """A mask (H, W) of one of `KINDS`, 1 = fill, 0 = keep, nothing between; seeded by `name` alone."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    return KINDS[kind](height, width, random)


def scratches(height: int, width: int, random: np.random.Generator) -> Mask:
    """Long bent lines of 1-5 pixels and specks of dust, 2.5-7.5 % of the picture."""
    return _drawn(height, width, _SMALL, partial(_either, _scratch, _dust, 0.7), random)


def objects(height: int, width: int, random: np.random.Generator) -> Mask:
    """A few rounded blobs and figures with limbs, 2.5-7.5 % of the picture."""
    return _drawn(height, width, _SMALL, partial(_either, _blob, _figure, 0.5), random)


def large(height: int, width: int, random: np.random.Generator) -> Mask:
    """One rounded blob near the middle, as large as a person or a car in the way: 15-25 % of the picture."""
    canvas = np.zeros((height, width), np.uint8)
    outline = _outline(random)
    middle = np.array([width, height]) * random.uniform(0.4, 0.6, 2)
    wanted = random.uniform(_LARGE[0] + 0.02, _LARGE[1] - 0.02) * height * width
    for scale in (wanted / np.pi) ** 0.5 * np.linspace(0.5, 2, 151):
        canvas[:] = 0
        cv2.fillPoly(canvas, [np.rint(middle + scale * outline).astype(np.int32)], 1)
        if canvas.sum() >= wanted:
            break
    return canvas.astype(np.float32)


def huge(height: int, width: int, random: np.random.Generator) -> Mask:
    """Broad brush strokes and boxes over most of the picture, 54-80 %, as free-form inpainting is measured."""
    return _drawn(height, width, _HUGE, partial(_either, _brush, _box, 0.6), random)


KINDS: dict[str, Callable[[int, int, np.random.Generator], Mask]] = {
    "scratches": scratches,
    "objects": objects,
    "large": large,
    "huge": huge,
}


def _drawn(height: int, width: int, bounds: tuple[float, float], draw: Draw, random: np.random.Generator) -> Mask:
    """Random shapes until they cover about a share drawn uniformly from `bounds`."""
    mask = np.zeros((height, width), np.uint8)
    wanted = random.uniform(*bounds)
    unit = (height * width) ** 0.5 / _SIDE
    for _ in range(_PATIENCE):
        canvas = mask.copy()
        draw(canvas, unit, random)
        if canvas.mean() <= min((1 + _NEAR) * wanted, bounds[1]):
            mask = canvas
        if mask.mean() >= max((1 - _NEAR) * wanted, bounds[0]):
            break
    return mask.astype(np.float32)


def _either(one: Draw, other: Draw, share: float, canvas: Canvas, unit: float, random: np.random.Generator) -> None:
    (one if random.random() < share else other)(canvas, unit, random)


def _walk(canvas: Canvas, steps: int, length: float, bend: float, random: np.random.Generator) -> NDArray[np.int32]:
    """A path (steps + 1, 2) of x and y from anywhere; each step turns by up to about `bend` radians."""
    start = random.random(2) * (canvas.shape[1], canvas.shape[0])
    angles = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, bend, steps))
    moves = length * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.rint(start + np.vstack([np.zeros(2), np.cumsum(moves, axis=0)])).astype(np.int32)


def _scratch(canvas: Canvas, unit: float, random: np.random.Generator) -> None:
    steps = int(random.integers(6, 24))
    path = _walk(canvas, steps, random.uniform(8, 26) * unit, random.uniform(0.02, 0.25), random)
    cv2.polylines(canvas, [path], False, 1, max(1, round(random.uniform(1, 5) * unit)))


def _dust(canvas: Canvas, unit: float, random: np.random.Generator) -> None:
    for _ in range(random.integers(4, 16)):
        centre = random.random(2) * (canvas.shape[1], canvas.shape[0])
        axes = random.uniform(0.5, 4, 2) * unit
        _ellipse(canvas, centre, axes, random.uniform(0, 180))


def _blob(canvas: Canvas, unit: float, random: np.random.Generator) -> None:
    """A closed curve whose radius swings by a few harmonics, stretched and turned."""
    centre = random.random(2) * (canvas.shape[1], canvas.shape[0])
    swing = _swing(random)
    turned = _stretched(random.uniform(16, 46) * unit * swing, random)
    cv2.fillPoly(canvas, [np.rint(centre + turned).astype(np.int32)], 1)


def _outline(random: np.random.Generator) -> NDArray[np.float64]:
    """(n, 2): the same curve around the origin, of a radius of about 1."""
    return _stretched(_swing(random), random)


def _swing(random: np.random.Generator) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    orders = np.arange(2, 6)[:, None]
    swing = random.normal(0, 0.16, (4, 1)) * np.cos(orders * angles + random.uniform(0, 2 * np.pi, (4, 1)))
    return np.asarray(np.clip(1 + swing.sum(0), 0.3, None))


def _stretched(radius: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, len(radius), endpoint=False)
    stretch, turn = random.uniform(1, 1.8), random.uniform(0, np.pi)
    curve = np.stack([radius * np.cos(angles) * stretch, radius * np.sin(angles) / stretch], axis=1)
    return np.asarray(curve @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]))


def _figure(canvas: Canvas, unit: float, random: np.random.Generator) -> None:
    """A body with a head and limbs, like the outline of a person or an animal."""
    size = random.uniform(12, 34) * unit
    centre = random.random(2) * (canvas.shape[1], canvas.shape[0])
    _ellipse(canvas, centre, size * random.uniform((0.5, 0.9), (0.8, 1.5)), random.uniform(-25, 25))
    head = centre + size * np.array([random.uniform(-0.4, 0.4), -1.5])
    _ellipse(canvas, head, size * random.uniform(0.35, 0.55, 2), 0)
    for _ in range(random.integers(2, 5)):
        hand = centre + size * random.uniform((-1.5, 0.2), (1.5, 2.2))
        ends = np.rint([centre, hand]).astype(np.int32)
        cv2.polylines(canvas, [ends], False, 1, max(1, round(size * random.uniform(0.3, 0.5))))


def _brush(canvas: Canvas, unit: float, random: np.random.Generator) -> None:
    steps = int(random.integers(3, 14))
    path = _walk(canvas, steps, random.uniform(25, 75) * unit, random.uniform(0.5, 1.5), random)
    cv2.polylines(canvas, [path], False, 1, max(1, round(random.uniform(14, 52) * unit)))


def _box(canvas: Canvas, unit: float, random: np.random.Generator) -> None:
    shape = np.array(canvas.shape)
    size = random.uniform(0.08, 0.5, 2) * shape
    start = random.random(2) * shape - size / 2
    top, left = np.rint(np.maximum(start, 0)).astype(int)
    bottom, right = np.rint(start + size).astype(int)
    canvas[top:bottom, left:right] = 1


def _ellipse(canvas: Canvas, centre: NDArray[np.float64], axes: NDArray[np.float64], angle: float) -> None:
    """Filled; half axes below half a pixel still leave one."""
    x, y = (int(value) for value in np.rint(centre))
    across, down = (int(value) for value in np.rint(axes))
    cv2.ellipse(canvas, (x, y), (across, down), angle, 0, 360, 1, -1)
