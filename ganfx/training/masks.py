"""Random holes for training: scratches and dust, objects, brush strokes, boxes, and very large ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

Canvas = NDArray[np.uint8]


def _wander(random: Generator, side: int, length: float, bend: float, turns: int) -> NDArray[np.int32]:
    """The corners of a random line, `length` sides long, that turns by up to `bend` radians at each."""
    angles = random.uniform(0, 2 * math.pi) + np.cumsum(random.uniform(-bend, bend, turns))
    steps = length * side / turns * np.stack([np.cos(angles), np.sin(angles)], 1)
    points = random.uniform(0, side, 2) + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, 0)])
    return np.asarray(np.rint(points), np.int32)


def _line(canvas: Canvas, points: NDArray[np.int32], width: int) -> None:
    cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, 255, max(1, width))


def scratch(random: Generator, canvas: Canvas) -> None:
    """A long thin line, or a few specks of dust."""
    side = len(canvas)
    if random.random() < 0.7:
        points = _wander(random, side, random.uniform(0.15, 1.3), 0.35, 5)
        _line(canvas, points, int(random.integers(1, 2 + max(2, side // 40))))
    else:
        for centre in random.integers(0, side, (4, 2)).tolist():
            cv2.circle(canvas, centre, int(random.integers(1, max(3, side // 40))), 255, -1)


def rounded_object(random: Generator, canvas: Canvas) -> None:
    """A rounded shape."""
    side = len(canvas)
    around = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    radius = side * random.uniform(0.02, 0.16)
    waves = [random.uniform(0, 0.5 / k) * np.cos(k * around + random.uniform(0, 7)) for k in (1, 2, 3, 5)]
    reach = radius * (1 + sum(waves)) * np.stack([np.cos(around), random.uniform(0.5, 1) * np.sin(around)])
    outline = random.uniform(0, side, 2) + reach.T
    cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], 255)


def stroke(random: Generator, canvas: Canvas) -> None:
    """A broad brush stroke."""
    side = len(canvas)
    points = _wander(random, side, random.uniform(0.2, 1.2), 1.6, 4)
    _line(canvas, points, int(side * random.uniform(0.04, 0.2)))


def box(random: Generator, canvas: Canvas) -> None:
    side = len(canvas)
    size = side * random.uniform(0.08, 0.45, 2)
    top, left = (random.uniform(0, side - size)).astype(int)
    canvas[top : top + int(size[0]), left : left + int(size[1])] = 255


def stroke_or_box(random: Generator, canvas: Canvas) -> None:
    (stroke if random.random() < 0.7 else box)(random, canvas)


@dataclass(frozen=True)
class HoleKind:
    """Holes that `draw` adds to until a share between `least` and `most` of the picture is covered.

    The shares are larger than those of real use, since only holes give a training signal.
    """

    draw: Callable[[Generator, Canvas], None]
    least: float
    most: float

    def canvas(self, random: Generator, side: int) -> Canvas:
        canvas = np.zeros((side, side), np.uint8)
        wanted = random.uniform(self.least, self.most) * side * side * 255
        while canvas.sum(dtype=np.int64) < wanted:
            self.draw(random, canvas)
        return canvas


KINDS = {
    "scratches": HoleKind(scratch, 0.02, 0.2),
    "objects": HoleKind(rounded_object, 0.03, 0.3),
    "strokes": HoleKind(stroke, 0.05, 0.4),
    "boxes": HoleKind(box, 0.03, 0.4),
    "huge": HoleKind(stroke_or_box, 0.4, 0.8),
}
# Masks that cover a larger share are drawn again.
_LARGEST_SHARE = 0.9


def draw_masks(count: int, side: int, shares: dict[str, Any], device: torch.device) -> Tensor:
    """`count` masks (N, 1, side, side), 1 = fill, of random `KINDS` by their `shares`; none empty, none full."""
    random = np.random.default_rng(int(torch.randint(2**31, ()).item()))
    chances = np.array([float(share) for share in shares.values()])
    masks: list[Canvas] = []
    while len(masks) < count:
        kind = random.choice(list(shares), p=chances / chances.sum())
        canvas = KINDS[kind].canvas(random, side)
        if canvas.mean() / 255 < _LARGEST_SHARE:
            masks.append(canvas)
    return (torch.from_numpy(np.stack(masks))[:, None].to(device) > 0).float()
