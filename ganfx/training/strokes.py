"""Lines and blobs as numpy and OpenCV draw them: jagged, smooth, branching; for drawn damage and drawn things."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Canvas = NDArray[np.uint8]
# (n, 2): x and y in pixels.
Path = NDArray[np.float64]
# Fractional bits of the coordinates that OpenCV takes.
_BITS = 4


def direction(angle: float) -> NDArray[np.float64]:
    return np.array([math.cos(angle), math.sin(angle)])


def across(random: Generator, side: int, length: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(begin, end) of a line that is `length` sides long and has its middle in the picture."""
    middle = random.uniform(0, side, 2)
    half = direction(random.uniform(0, 2 * math.pi)) * length * side / 2
    return middle - half, middle + half


def jagged(random: Generator, begin: Path, end: Path, roughness: float, levels: int = 6) -> Path:
    """A broken line (2 ** levels + 1, 2): the midpoints of a straight one are moved, less at each level."""
    path = np.stack([begin, end])
    for level in range(levels):
        middles = (path[:-1] + path[1:]) / 2
        lengths = np.linalg.norm(path[1:] - path[:-1], axis=1)
        middles += random.normal(0, roughness * 0.9**level, middles.shape) * lengths[:, None]
        woven = np.empty((len(path) + len(middles), 2))
        woven[::2], woven[1::2] = path, middles
        path = woven
    return path


def curved(random: Generator, begin: Path, angle: float, length: float, bend: float, steps: int = 24) -> Path:
    """A smooth line (steps + 1, 2), `length` pixels long, whose direction drifts by about `bend` radians in all."""
    drift = np.cumsum(np.cumsum(random.normal(0, 1, steps)))
    drift *= bend / max(float(np.abs(drift).max()), 1e-6)
    angles = angle + drift
    moves = length / steps * np.stack([np.cos(angles), np.sin(angles)], 1)
    return np.concatenate([begin[None], begin + np.cumsum(moves, 0)])


def wavering(random: Generator, count: int, smooth: float = 2.0) -> NDArray[np.float64]:
    """`count` values around 1, mostly between 0.2 and 1.8, that change smoothly."""
    noise = cv2.GaussianBlur(random.normal(0, 1, (1, count)), (0, 0), smooth)[0]
    return np.asarray(np.clip(1 + 0.45 * noise / max(float(noise.std()), 1e-6), 0.1, 2.2), np.float64)


def draw(canvas: Canvas, path: Path, widths: NDArray[np.float64] | float, value: int = 255) -> None:
    """Draw a path with one width for each of its segments; what is thinner than a pixel is fainter."""
    points = np.rint(path * 2**_BITS).astype(np.int64).clip(-(2**20), 2**20).tolist()
    spread = np.broadcast_to(np.asarray(widths, np.float64), (len(path) - 1,))
    for begin, end, width in zip(points[:-1], points[1:], spread.tolist(), strict=True):
        if width > 0.15:
            level = value * min(1.0, width)
            cv2.line(canvas, begin, end, level, max(1, round(width)), cv2.LINE_AA, _BITS)


def branch(
    random: Generator, canvas: Canvas, path: Path, width: float, roughness: float, *, depth: int = 2, most: int = 4
) -> None:
    """Draw a jagged path of changing width, with thinner ones that leave it."""
    draw(canvas, path, width * wavering(random, len(path) - 1))
    if depth == 0:
        return
    length = float(np.linalg.norm(path[-1] - path[0]))
    for _ in range(random.integers(0, most + 1)):
        at = int(random.integers(len(path) - 1))
        heading = math.atan2(*(path[at + 1] - path[at])[::-1])
        turned = heading + random.choice([-1, 1]) * random.uniform(0.3, 1.4)
        end = path[at] + direction(turned) * length * random.uniform(0.08, 0.45)
        twig = jagged(random, path[at], end, roughness, 5)
        branch(random, canvas, twig, width * random.uniform(0.35, 0.8), roughness, depth=depth - 1, most=most // 2)


def blob(random: Generator, centre: Path, radius: float, rough: float = 0.35) -> NDArray[np.int32]:
    """The outline (n, 1, 2) of a ragged patch, in 1/16 pixels."""
    count = 24
    around = np.linspace(0, 2 * math.pi, count, endpoint=False)
    swing = cv2.GaussianBlur(np.tile(random.normal(0, 1, (1, count)), 3), (0, 0), 1.0)[0, count : 2 * count]
    reach = radius * np.clip(1 + rough * 1.6 * swing, 0.25, 2.5)
    stretch, turn = random.uniform(0.5, 1.0), random.uniform(0, math.pi)
    circle = np.stack([np.cos(around) * reach, np.sin(around) * reach * stretch], 1)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    outline = np.asarray(centre) + circle @ rotation.T
    return np.asarray(np.rint(outline * 2**_BITS)[:, None], np.int32)


def fill(canvas: Canvas, outline: NDArray[np.int32], value: int = 255) -> None:
    cv2.fillPoly(canvas, [outline], value, cv2.LINE_AA, _BITS)


def patches(random: Generator, side: int, cells: int) -> Floats:
    """A smooth random field (side, side) in [0, 1], with about `cells` hills a side."""
    small = random.random((cells + 2, cells + 2), np.float32)
    return np.asarray(np.clip(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC), 0, 1), np.float32)


def grain(random: Generator, side: int, sigma: float, soft: float) -> Floats:
    """Noise (side, side) of standard deviation `sigma`, blurred by `soft` pixels."""
    noise = random.normal(0, 1, (side, side)).astype(np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), soft) if soft > 0 else noise)
    return np.asarray(noise * np.float32(sigma / max(float(noise.std()), 1e-6)), np.float32)
