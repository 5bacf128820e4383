"""Drawn damage of old prints: cracks that branch and flake, creases, lost emulsion, scratches, hairs, dust, stains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from ganfx.training.strokes import (
    Canvas,
    Floats,
    across,
    blob,
    branch,
    curved,
    draw,
    fill,
    grain,
    jagged,
    patches,
    wavering,
)

# The least change of a channel, in [0, 1], that is labelled as damage.
VISIBLE = 0.08


@dataclass
class PaperPrint:
    """A print that is being damaged.

    rgb      (S, S, 3) in [0, 1]
    seen     (S, S), the largest change of a channel by damage that is to be found
    ignored  (S, S), where a network is neither asked nor wrong: worn edges
    paper    the color (3,) under the emulsion, the same for all damage of one print
    """

    rgb: Floats
    seen: Floats
    ignored: Floats
    paper: Floats

    @classmethod
    def of(cls, random: Generator, rgb: Floats) -> PaperPrint:
        """Paper is at least as light as nearly all of the print, and cream where the print is warm."""
        lightest = np.percentile(rgb[::4, ::4].reshape(-1, 3), 97, axis=0)
        white = random.uniform(0.72, 1.0) * np.array([1, 1 - random.uniform(0, 0.1), 1 - random.uniform(0, 0.28)])
        paper = np.clip(np.maximum(white, lightest * random.uniform(0.9, 1.1)), 0, 1)
        empty = np.zeros(rgb.shape[:2], np.float32)
        return cls(rgb.copy(), empty.copy(), empty.copy(), paper.astype(np.float32))

    @property
    def side(self) -> int:
        return len(self.rgb)

    def cover(self, cover: Floats, color: Floats, *, found: bool = True) -> None:
        """Put `color` (S, S, 3) or (3,) over the print by cover (S, S) in [0, 1]."""
        change = (color - self.rgb) * cover[..., None]
        self.rgb = np.clip(self.rgb + change, 0, 1).astype(np.float32)
        if found:
            red, green, blue = np.moveaxis(np.abs(change), -1, 0)
            self.seen = np.maximum(self.seen, np.maximum(np.maximum(red, green), blue))

    def bare(self, random: Generator) -> Floats:
        """The paper as it looks where emulsion is gone: fibres, and a little dirt."""
        fibres = grain(random, self.side, random.uniform(0.01, 0.07), random.uniform(0.5, 1.2))
        dirt = 0.16 * random.random() * patches(random, self.side, 24)
        return np.clip(self.paper + (fibres - dirt)[..., None], 0, 1).astype(np.float32)


def _unit(canvas: Canvas) -> Floats:
    return canvas.astype(np.float32) / np.float32(255)


def _broken(random: Generator, cover: Floats, share: float) -> Floats:
    """`cover` with gaps and faint places, in about `share` of it."""
    field = 0.6 * patches(random, len(cover), int(random.integers(6, 24))) + 0.4 * patches(random, len(cover), 60)
    return np.asarray(cover * np.clip((field - share * 0.75) * 6, 0, 1), np.float32)


def _shaded(random: Generator, paper_print: PaperPrint, cover: Floats, strength: float) -> None:
    """The shadow that a raised edge of emulsion throws to one side."""
    angle, reach = random.uniform(0, 2 * math.pi), random.uniform(0.8, 2.0)
    shift = np.array([[1, 0, reach * math.cos(angle)], [0, 1, reach * math.sin(angle)]])
    moved = cv2.warpAffine(cv2.GaussianBlur(cover, (0, 0), 0.7), shift, cover.shape[::-1])
    paper_print.cover(np.asarray(strength * moved, np.float32), paper_print.rgb * np.float32(0.25))


def _emulsion_gone(random: Generator, paper_print: PaperPrint, canvas: Canvas, gaps: float) -> None:
    cover = _broken(random, _unit(canvas), gaps)
    if random.random() < 0.5:
        _shaded(random, paper_print, cover, random.uniform(0.2, 0.7))
    if random.random() < 0.4:
        cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), random.uniform(0.3, 0.8)), np.float32)
    paper_print.cover(np.asarray(cover * random.uniform(0.6, 1), np.float32), paper_print.bare(random))


def crack(random: Generator, paper_print: PaperPrint) -> None:
    """A jagged line of changing width with branches, and flakes that broke off beside it."""
    canvas = np.zeros((paper_print.side, paper_print.side), np.uint8)
    roughness = random.uniform(0.02, 0.13)
    width = paper_print.side / 256 * math.exp(random.uniform(math.log(0.7), math.log(5)))
    path = jagged(random, *across(random, paper_print.side, random.uniform(0.2, 1.8)), roughness)
    branch(random, canvas, path, width, roughness, most=int(random.integers(0, 6)))
    for _ in range(random.integers(0, 14) if random.random() < 0.6 else 0):
        at = path[random.integers(len(path))] + random.normal(0, width, 2)
        fill(canvas, blob(random, at, width * random.uniform(0.4, 2.0)))
    _emulsion_gone(random, paper_print, canvas, random.choice([0.0, 0.35, 0.6, 0.85]))


def craquelure(random: Generator, paper_print: PaperPrint) -> None:
    """A net of cracks, as stiff emulsion breaks."""
    side, canvas = paper_print.side, np.zeros((paper_print.side, paper_print.side), np.uint8)
    cells = cv2.Subdiv2D((-side, -side, 3 * side, 3 * side))
    count = int(random.integers(5, 40))
    cells.insert(random.uniform(-0.2 * side, 1.2 * side, (count, 2)).astype(np.float32).tolist())
    facets, _ = cells.getVoronoiFacetList([])
    width = side / 256 * random.uniform(0.7, 2.6)
    roughness = random.uniform(0.04, 0.14)
    for facet in facets:
        corners = np.clip(np.asarray(facet, np.float64), -side, 2 * side)
        for begin, end in zip(corners, np.roll(corners, -1, 0), strict=True):
            if random.random() < 0.6:
                path = jagged(random, begin, end, roughness, 5)
                draw(canvas, path, width * random.uniform(0.4, 1.5) * wavering(random, len(path) - 1))
    _emulsion_gone(random, paper_print, canvas, random.uniform(0.2, 0.8))


def crease(random: Generator, paper_print: PaperPrint) -> None:
    """A fold: a light and a dark side along a line, and here and there bare paper on its ridge."""
    side = paper_print.side
    begin, end = across(random, side, random.uniform(0.3, 2.2))
    path = jagged(random, begin, end, random.uniform(0.0, 0.03))
    along = (end - begin) / max(float(np.linalg.norm(end - begin)), 1e-6)
    normal = np.array([-along[1], along[0]]) * random.choice([-1, 1])
    width = side / 256 * random.uniform(1, 4)
    fade = np.clip(patches(random, side, 5) * 2.2 - random.uniform(0, 0.8), 0.15, 1)
    for shift, light, most in ((0.55, 1.0, 0.6), (-0.55, 0.0, 0.45)):
        canvas = np.zeros((side, side), np.uint8)
        draw(canvas, path + normal * width * shift, width * random.uniform(0.6, 1.2))
        cover = cv2.GaussianBlur(_unit(canvas), (0, 0), 0.3 + 0.25 * width) * fade * random.uniform(0.15, most)
        paper_print.cover(np.asarray(cover, np.float32), paper_print.paper * np.float32(light) + np.float32(0.05))
    if random.random() < 0.6:
        canvas = np.zeros((side, side), np.uint8)
        branch(random, canvas, path, width * random.uniform(0.3, 0.9), 0.08, depth=1, most=3)
        _emulsion_gone(random, paper_print, canvas, random.uniform(0.4, 0.95))


def lost_emulsion(random: Generator, paper_print: PaperPrint) -> None:
    """Patches where the paper shows."""
    side, canvas = paper_print.side, np.zeros((paper_print.side, paper_print.side), np.uint8)
    middle = random.uniform(0, side, 2)
    for _ in range(random.integers(1, 9)):
        radius = side / 256 * math.exp(random.uniform(math.log(1.5), math.log(16)))
        fill(canvas, blob(random, middle + random.normal(0, 0.09 * side, 2), radius, random.uniform(0.3, 0.8)))
    _emulsion_gone(random, paper_print, canvas, random.choice([0.0, 0.2, 0.5]))


def scratch(random: Generator, paper_print: PaperPrint) -> None:
    """Thin lines that something left: nearly straight, mostly several in about one direction, of uneven strength."""
    side, canvas = paper_print.side, np.zeros((paper_print.side, paper_print.side), np.uint8)
    angle, spread = random.uniform(0, 2 * math.pi), random.uniform(0.02, 0.5)
    for _ in range(random.choice([1, 1, 2, 3, 6])):
        length, bend = side * random.uniform(0.03, 0.8), random.choice([0.03, 0.2, 0.6])
        path = curved(random, random.uniform(0, side, 2), angle + random.normal(0, spread), length, bend)
        ends = np.sin(np.linspace(0.1, math.pi - 0.1, len(path) - 1)) ** 0.5
        draw(canvas, path, side / 256 * random.uniform(0.5, 1.8) * ends * wavering(random, len(path) - 1))
    cover = _broken(random, _unit(canvas), random.uniform(0, 0.7)) * random.uniform(0.35, 0.95)
    dark = random.random() < 0.2
    paper_print.cover(np.asarray(cover, np.float32), paper_print.paper * np.float32(0.1 if dark else 1))


def hair(random: Generator, paper_print: PaperPrint) -> None:
    """A curled fibre on the glass of the scanner, or its shadow on the print."""
    canvas = np.zeros((paper_print.side, paper_print.side), np.uint8)
    length, bend = paper_print.side * random.uniform(0.08, 0.6), random.uniform(1, 6)
    path = curved(random, random.uniform(0, paper_print.side, 2), random.uniform(0, 7), length, bend, 48)
    draw(canvas, path, paper_print.side / 256 * random.uniform(0.5, 1.4))
    light = random.uniform(0.85, 1) if random.random() < 0.6 else random.uniform(0, 0.2)
    paper_print.cover(_unit(canvas) * np.float32(random.uniform(0.4, 0.95)), np.full(3, light, np.float32))


def dust(random: Generator, paper_print: PaperPrint) -> None:
    """Specks of odd shapes, white or dark, some of them short threads."""
    side, canvas = paper_print.side, np.zeros((paper_print.side, paper_print.side), np.uint8)
    for _ in range(int(math.exp(random.uniform(math.log(3), math.log(90))))):
        centre = random.uniform(0, side, 2)
        if random.random() < 0.75:
            radius = side / 256 * min(0.5 + random.exponential(0.6), 4)
            fill(canvas, blob(random, centre, radius, 0.5), int(random.uniform(110, 255)))
        else:
            path = curved(random, centre, random.uniform(0, 7), side / 256 * random.uniform(2, 12), 0.9, 6)
            draw(canvas, path, side / 256 * random.uniform(0.5, 1.4), int(random.uniform(110, 255)))
    light = random.uniform(0.8, 1) if random.random() < 0.8 else random.uniform(0, 0.15)
    paper_print.cover(_unit(canvas) * np.float32(random.uniform(0.6, 1)), np.full(3, light, np.float32))


def spots(random: Generator, paper_print: PaperPrint) -> None:
    """Small stains, soft or with a darker rim: drops, mould, rust."""
    side, canvas = paper_print.side, np.zeros((paper_print.side, paper_print.side), np.uint8)
    for _ in range(random.integers(1, 8)):
        fill(canvas, blob(random, random.uniform(0, side, 2), side / 256 * random.uniform(1.2, 9), 0.3))
    body = cv2.GaussianBlur(_unit(canvas), (0, 0), random.uniform(0.4, 1.5))
    rim = np.clip(body - cv2.erode(body, np.ones((3, 3))), 0, 1) * random.uniform(0, 0.8)
    tint = np.array([random.uniform(0.2, 0.6), random.uniform(0.1, 0.4), random.uniform(0, 0.3)])
    tint = random.uniform(0.8, 1) * np.ones(3) if random.random() < 0.25 else tint
    paper_print.cover(
        np.asarray(np.clip(body * random.uniform(0.2, 0.8) + rim, 0, 1), np.float32), tint.astype(np.float32)
    )


def worn_edge(random: Generator, paper_print: PaperPrint) -> None:
    """Chips along a side of the print: they belong to its border, which is left alone."""
    side, canvas = paper_print.side, np.zeros((paper_print.side, paper_print.side), np.uint8)
    axis, far = int(random.integers(2)), float(random.choice([0, side]))
    for _ in range(random.integers(4, 40)):
        at = random.uniform(0, side, 2)
        at[axis] = far
        fill(canvas, blob(random, at, side / 256 * random.uniform(1, 9), 0.6))
    cover = _unit(canvas)
    paper_print.cover(cover, paper_print.bare(random), found=False)
    paper_print.ignored = np.maximum(paper_print.ignored, cv2.dilate(cover, np.ones((9, 9))))


Draw = Callable[[Generator, PaperPrint], None]
KINDS: dict[Draw, float] = {
    crack: 0.3,
    craquelure: 0.07,
    crease: 0.13,
    lost_emulsion: 0.1,
    scratch: 0.13,
    hair: 0.05,
    dust: 0.14,
    spots: 0.05,
    worn_edge: 0.03,
}


def damaged(random: Generator, rgb: Floats) -> tuple[Floats, Floats, Floats]:
    """A print (S, S, 3) in [0, 1] with damage, its mask (S, S) of 0 and 1, and where neither counts (S, S)."""
    paper_print = PaperPrint.of(random, rgb)
    for _ in range(random.choice([1, 2, 3, 5, 8, 12])):
        kind = list(KINDS)[random.choice(len(KINDS), p=list(KINDS.values()))]
        kind(random, paper_print)
    mask = cv2.morphologyEx((paper_print.seen > VISIBLE).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    # What is nearly invisible is neither damage nor sound.
    faint = (paper_print.seen > VISIBLE / 2) & (mask == 0)
    ignored = (paper_print.ignored > 0.05) | faint
    return paper_print.rgb, mask.astype(np.float32) * (paper_print.ignored <= 0.05), ignored.astype(np.float32)
