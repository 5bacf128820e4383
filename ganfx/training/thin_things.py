"""Drawn things of a scene that resemble damage: wires, twigs, text, sticks, lattices, beads, buttons, hair, snow."""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from ganfx.training.strokes import Canvas, Floats, Path, across, curved, direction, draw, patches


@dataclass
class _Layer:
    """What is drawn over a scene: cover (S, S) in 0..255, and light (S, S) in [0, 1] within it."""

    cover: Canvas
    light: Floats

    @property
    def side(self) -> int:
        return len(self.cover)


def wires(random: Generator, layer: _Layer) -> None:
    """Smooth lines of one width, alone or side by side."""
    begin, end = across(random, layer.side, random.uniform(0.8, 2))
    sag = random.uniform(-0.1, 0.1) * layer.side
    along = np.linspace(0, 1, 33)[:, None]
    path = begin + (end - begin) * along + np.array([0, sag]) * (4 * along * (1 - along))
    width, gap = random.uniform(0.6, 3.5), random.uniform(4, 30)
    for number in range(random.choice([1, 1, 2, 4])):
        draw(layer.cover, path + np.array([0, gap * number]), width)


def twigs(random: Generator, layer: _Layer) -> None:
    """Branches that taper and fork."""

    def grow(at: Path, angle: float, length: float, width: float) -> None:
        path = curved(random, at, angle, length, 0.4, 8)
        draw(layer.cover, path, np.linspace(width, width * 0.7, 8))
        if length > 8:
            for _ in range(random.integers(1, 4)):
                start = path[random.integers(3, 9)]
                grow(start, angle + random.normal(0, 0.6), length * random.uniform(0.4, 0.8), width * 0.65)

    side = layer.side
    for _ in range(random.integers(1, 4)):
        grow(random.uniform(0, side, 2), random.uniform(0, 7), side * random.uniform(0.1, 0.4), random.uniform(1, 6))


def text(random: Generator, layer: _Layer) -> None:
    """Words in one of OpenCV's fonts."""
    letters = string.ascii_letters + string.digits
    size = random.uniform(0.3, 2.2)
    for line in range(random.integers(1, 5)):
        words = "".join(random.choice(list(letters + "   "), int(random.integers(3, 24))))
        at = (int(random.uniform(-20, layer.side * 0.6)), int(layer.side * random.uniform(0, 1) + 24 * size * line))
        font, width = int(random.integers(0, 8)), max(1, round(size * random.uniform(0.7, 2.5)))
        cv2.putText(layer.cover, words, at, font, size, 255, width, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((layer.side / 2, layer.side / 2), random.normal(0, 15), 1)
    layer.cover[:] = cv2.warpAffine(layer.cover, turn, layer.cover.shape[::-1])


def sticks(random: Generator, layer: _Layer) -> None:
    """Straight rods with a light and a shaded side: a cigarette, a pen, a railing."""
    for _ in range(random.choice([1, 1, 2, 5])):
        begin, end = across(random, layer.side, random.uniform(0.06, 0.9))
        width = random.uniform(2, 12)
        draw(layer.cover, np.stack([begin, end]), width)
        along = (end - begin) / max(float(np.linalg.norm(end - begin)), 1e-6)
        ys, xs = np.mgrid[: layer.side, : layer.side]
        off = (xs - begin[0]) * -along[1] + (ys - begin[1]) * along[0]
        layer.light *= np.clip(1 - 0.25 * off / width, 0.5, 1.2).astype(np.float32)


def lattice(random: Generator, layer: _Layer) -> None:
    """Bars at equal distances, or crossed ones: fences, windows, nets, checks, stripes."""
    angle, gap, width = random.uniform(0, math.pi), random.uniform(5, 40), random.uniform(0.7, 4)
    side, both = layer.side, random.random() < 0.6
    for turn in (0.0, math.pi / 2) if both else (0.0,):
        along, step = direction(angle + turn), direction(angle + turn + math.pi / 2)
        for number in range(-int(side / gap), int(side / gap) + 1):
            middle = np.full(2, side / 2) + step * gap * number
            draw(layer.cover, np.stack([middle - along * side, middle + along * side]), width)
    window = cv2.GaussianBlur(patches(random, side, 3), (0, 0), side / 40)
    layer.cover[window < random.uniform(0.2, 0.7)] = 0


def beads(random: Generator, layer: _Layer) -> None:
    """Round things in a row, each with its highlight: a necklace, buttons, lamps, rivets."""
    side, radius = layer.side, random.uniform(1.2, 8)
    length = side * random.uniform(0.1, 0.8)
    count = max(2, int(length / (radius * random.uniform(2, 9))))
    path = curved(random, random.uniform(0, side, 2), random.uniform(0, 7), length, random.uniform(0, 2), count)
    for x, y in np.rint(path * 16).astype(int).tolist():
        cv2.circle(layer.cover, (x, y), round(radius * 16), 255, -1, cv2.LINE_AA, 4)
        cv2.circle(layer.light, (x, y), round(radius * 16), random.uniform(0.4, 0.9), 1, cv2.LINE_AA, 4)
        glint = (x - round(4 * radius), y - round(4 * radius))
        cv2.circle(layer.light, glint, round(radius * 6), 1.3, -1, cv2.LINE_AA, 4)


def strands(random: Generator, layer: _Layer) -> None:
    """Hair or grass: many smooth lines beside each other."""
    side, angle, bend = layer.side, random.uniform(0, 7), random.uniform(0.1, 1.2)
    middle, spread = random.uniform(0, side, 2), side * random.uniform(0.02, 0.25)
    for _ in range(random.integers(6, 60)):
        begin = middle + random.normal(0, spread, 2)
        path = curved(random, begin, angle + random.normal(0, 0.15), side * random.uniform(0.1, 0.7), bend, 16)
        draw(layer.cover, path, random.uniform(0.4, 1.6), int(random.uniform(60, 255)))


def snow(random: Generator, layer: _Layer) -> None:
    """Soft round dots of many sizes: flakes, stars, lights, drops."""
    for _ in range(int(math.exp(random.uniform(math.log(10), math.log(300))))):
        x, y = np.rint(random.uniform(0, layer.side, 2) * 16).astype(int).tolist()
        radius = min(0.5 + random.exponential(0.7), 5)
        cv2.circle(layer.cover, (x, y), round(radius * 16), int(random.uniform(60, 255)), -1, cv2.LINE_AA, 4)


def cloth(random: Generator, layer: _Layer) -> None:
    """Light pieces with sharp corners and soft folds: a collar, a bow, paper."""
    side = layer.side
    for _ in range(random.integers(1, 5)):
        middle, reach = random.uniform(0, side, 2), side * random.uniform(0.03, 0.2)
        corners = middle + random.uniform(-reach, reach, (int(random.integers(3, 6)), 2))
        cv2.fillPoly(layer.cover, [np.rint(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    layer.light *= 0.75 + 0.4 * patches(random, side, 12)


THINGS: tuple[Callable[[Generator, _Layer], None], ...] = (
    wires,
    twigs,
    text,
    sticks,
    lattice,
    beads,
    strands,
    snow,
    cloth,
)


def furnished(random: Generator, rgb: Floats) -> Floats:
    """A scene (S, S, 3) in [0, 1] with one kind of thing in it, in the scene's own light and sharpness."""
    side = len(rgb)
    layer = _Layer(np.zeros((side, side), np.uint8), np.ones((side, side), np.float32))
    THINGS[random.integers(len(THINGS))](random, layer)
    cover = cv2.GaussianBlur(layer.cover / np.float32(255), (0, 0), random.uniform(0.3, 1.3))
    bright = random.random() < 0.6
    color = random.uniform(0.55, 1, 3) if bright else random.uniform(0, 0.35, 3)
    color = np.full(3, color.mean()) * 0.7 + 0.3 * color if random.random() < 0.7 else color
    # The scene's light, and some of what is behind.
    ambient = cv2.GaussianBlur(rgb, (0, 0), side / 10).mean(-1)
    shade = np.clip(0.65 + 0.5 * ambient, 0.4, 1.1) * cv2.GaussianBlur(layer.light, (0, 0), 0.6)
    thing = np.clip(color * shade[..., None], 0, 1)
    return np.asarray(rgb + (thing - rgb) * (cover * random.uniform(0.5, 1))[..., None], np.float32)
