"""Where each pixel of a texture comes from: coarse to fine, around the edges, and the same however it is cut in tiles.

Lefebvre and Hoppe 2005, "Parallel controllable texture synthesis": coordinates into the example are doubled from level
to level, displaced a little, and corrected by comparing what is around each pixel with what is around its neighbors'
sources.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats
from ganfx.textures.correction import APART_PRICE, REACH_OF_ROUND, broken, corrected
from ganfx.textures.example import Cells, ExampleLevel
from ganfx.textures.partners import partners_of

# (H, W, 2): row and column of the source of each pixel, in cells of its level.
Sources = NDArray[np.int16]

# Rows and columns that are worked on at once.
TILE = 256
# Rounds of correction: at the coarsest level, at others, and at the finest.
FIRST_ROUNDS, ROUNDS, FINEST_ROUNDS = 6, 5, 2
# Samples of the pieces that the coarsest level begins with.
PIECE = 4
# What it costs there to take what is taken more often than the rest already, in variances of the descriptions.
CROWDING = np.float32(0.1)
# Displacements, in samples, at spacings of at least so many pixels.
DISPLACED, DISPLACED_FROM = 0.3, 8
# The spacings at which what is copied in one is broken up, and the pixels over which that is done alike.
BROKEN, SPREAD = (4, 2), 16


class Synthesis:
    """A texture being made, of `size` (width, height) from `levels`, coarsest first; the same for the same seed."""

    def __init__(self, levels: list[ExampleLevel], size: tuple[int, int], seed: int) -> None:
        self.levels, self.partners, self.seed = levels, partners_of(levels), seed
        self.width, self.height = size
        self.sources = self._first()
        for number in range(1, len(levels) - 1):
            self.sources = np.concatenate(list(self._made(number)))

    def strips(self) -> Iterator[Sources]:
        """The sources of the finest level's pixels from the top down, some rows at a time."""
        if len(self.levels) > 1:
            yield from self._made(len(self.levels) - 1)
        else:
            yield self.sources

    def _shape(self, number: int) -> tuple[int, int]:
        spacing = self.levels[number].spacing
        return -(-self.height // spacing), -(-self.width // spacing)

    def _first(self) -> Sources:
        """Pieces of the example side by side, corrected with a search of all of it."""
        level, (height, width) = self.levels[0], self._shape(0)
        known = np.flatnonzero(level.known).astype(np.int32)
        rows, columns = np.mgrid[:height, :width]
        starts = np.random.default_rng(self.seed).choice(known, (height // PIECE + 1, width // PIECE + 1))
        begun = starts[rows // PIECE, columns // PIECE]
        moved = begun + level.step * (rows % PIECE * level.width + columns % PIECE)
        moved = np.minimum(moved, len(level.known) - 1)
        cells = np.where(level.known[moved], moved, begun).astype(np.int32)
        halo = REACH_OF_ROUND
        around = np.ix_(np.arange(-halo, height + halo) % height, np.arange(-halo, width + halo) % width)
        for _ in range(FIRST_ROUNDS):
            search = _Search(level, known)
            cells = corrected(level, self.partners[0], cells[around], 1, search)[halo:-halo, halo:-halo]
        return _sources(level, cells)

    def _made(self, number: int) -> Iterator[Sources]:
        """The sources of a level from the top down, from those of the coarser one."""
        height, width = self._shape(number)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for top in range(0, height, TILE):
                rows = range(top, min(top + TILE, height))
                parts = [range(left, min(left + TILE, width)) for left in range(0, width, TILE)]
                yield np.concatenate(
                    list(pool.map(lambda columns, n=number, r=rows: self._tile(n, r, columns), parts)), 1
                )

    def _tile(self, number: int, rows: range, columns: range) -> Sources:
        level, coarser = self.levels[number], self.levels[number - 1]
        height, width = self._shape(number)
        rounds = FINEST_ROUNDS if level.spacing == 1 else ROUNDS
        halo = REACH_OF_ROUND * rounds
        y = np.arange(rows.start - halo, rows.stop + halo)[:, None] % height
        x = np.arange(columns.start - halo, columns.stop + halo)[None] % width
        factor = coarser.spacing // level.spacing
        parents = self.sources[y // factor, x // factor].astype(np.int32) * (coarser.cell // level.cell) + level.frame
        down, right = parents[..., 0] + level.step * (y % factor), parents[..., 1] + level.step * (x % factor)
        cells = (down * level.width + right).astype(np.int32)
        if level.spacing >= DISPLACED_FROM:
            cells = self._displaced(number, cells, y, x)
        if level.spacing in BROKEN:
            ways = _ways(
                level, _noise(y * level.spacing // SPREAD, x * level.spacing // SPREAD, self.seed, number), SPREAD
            )
            cells = broken(level, self.partners[number], cells, ways)
        cells = corrected(level, self.partners[number], cells, rounds)
        return _sources(level, cells[halo:-halo, halo:-halo])

    def _displaced(self, number: int, cells: Cells, y: NDArray[np.intp], x: NDArray[np.intp]) -> Cells:
        level = self.levels[number]
        ways = _ways(level, _noise(y, x, self.seed, number), DISPLACED * level.spacing)
        moved = np.clip(cells + ways, 0, len(level.known) - 1)
        return np.where(level.known[moved], moved, cells)


def _sources(level: ExampleLevel, cells: Cells) -> Sources:
    return np.stack(np.divmod(cells, level.width), -1).astype(np.int16) - np.int16(level.frame)


def _ways(level: ExampleLevel, noise: Floats, pixels: float) -> Cells:
    """(H, W): from cells to those up to so many pixels away, by noise (H, W, 2) in [-1, 1]."""
    far = np.rint(noise * (pixels / level.cell)).astype(np.int32)
    return np.asarray(far[..., 0] * level.width + far[..., 1], np.int32)


class _Search:
    """Looks among all known cells, and prefers those that are seldom taken."""

    def __init__(self, level: ExampleLevel, known: Cells) -> None:
        self.level, self.known = level, known
        self.theirs = level.described[known]
        self.norms = np.square(self.theirs).sum(1)
        self.spread = CROWDING * self.theirs.var(0).sum()

    def __call__(self, cells: Cells, wanted: Floats) -> tuple[Cells, Floats]:
        crowding = self.spread * self._crowding(cells)
        found = []
        for part in np.array_split(wanted, -(-len(wanted) // 4096)):
            gaps = self.norms + crowding - 2 * part @ self.theirs.T
            found.append(self.known[gaps.argmin(1)])
        nearest = np.concatenate(found)
        return nearest, APART_PRICE * self.level.misfit(nearest, wanted)

    def _crowding(self, cells: Cells) -> Floats:
        """How often each known cell and those around it are taken, beside the mean."""
        level = self.level
        taken = np.bincount(cells.reshape(-1), minlength=len(level.known)).reshape(-1, level.width)
        known = level.known.reshape(-1, level.width)
        often, share = (cv2.blur(values.astype(np.float32), (5, 5)) for values in (taken, known))
        usual = cells.size / len(self.known)
        return np.asarray((often / np.maximum(share, 0.04) / usual).reshape(-1)[self.known], np.float32)


def _noise(y: NDArray[np.intp], x: NDArray[np.intp], seed: int, number: int) -> Floats:
    """(H, W, 2) in [-1, 1] for rows y (H, 1) and columns x (1, W), of a place alone: an integer hash of it."""
    mixed = (y.astype(np.uint32) * np.uint32(0x9E3779B1)) ^ (x.astype(np.uint32) * np.uint32(0x85EBCA77))
    mixed ^= np.uint32((seed * 0x27D4EB2F + number * 0x165667B1) & 0xFFFFFFFF)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        mixed ^= mixed >> np.uint32(shift)
        mixed *= np.uint32(factor)
    mixed ^= mixed >> np.uint32(15)
    return (
        np.stack([mixed & np.uint32(0xFFFF), mixed >> np.uint32(16)], -1).astype(np.float32) / np.float32(32767.5) - 1
    )
