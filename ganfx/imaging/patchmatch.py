"""Filling holes with pieces of what is around them: layout and texture, to be made whole by a network.

Patches are found by PatchMatch (Barnes et al. 2009) and blended by the votes of all that overlap (Wexler et al.
2007), from a coarse picture to finer ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

Hole = NDArray[np.bool_]
Places = NDArray[np.intp]

RADIUS = 3
# The shorter side of the coarsest picture, and rounds of searching and voting there; each finer one needs fewer.
COARSEST, ROUNDS = 24, 10
# The longest side that is searched; comparing patches costs memory for every pixel.
SEARCHED = 512
# What a patch from the other end of the picture costs more: near ones have the same light and scale.
NEARNESS = 1.5
# Patches compared at once: as many as a processor's cache may hold.
CHUNK = 4096
_NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0))


def fill_with_patches(rgb: Floats, hole: Hole, seed: int = 0) -> Floats:
    """rgb (H, W, 3) with `hole` (H, W) filled; the same for the same seed.

    Above `SEARCHED` pixels a side patches are taken from where their coarser likes came from, without a search. Where
    too little is known to take patches from, the hole is filled smoothly.
    """
    random = np.random.default_rng(seed)
    levels = [(rgb, hole)]
    while min(levels[-1][0].shape[:2]) >= 2 * COARSEST:
        levels.append(_halved(*levels[-1]))
    filled: Floats | None = None
    offsets: Places | None = None
    for number, (picture, gap) in enumerate(reversed(levels)):
        start = _smooth(picture, gap) if filled is None else _enlarged(filled, picture, gap)
        search = _Search.of(start, gap, random)
        if search is None:
            filled, offsets = start, None
            continue
        if offsets is not None and max(gap.shape) > SEARCHED:
            search.carry(offsets)
        else:
            search.begin(offsets)
            for _ in range(max(2, ROUNDS - 3 * number)):
                search.improve()
                search.vote(search.trust())
        filled, offsets = search.rgb, search.offsets()
    assert filled is not None
    return filled


def _halved(rgb: Floats, hole: Hole) -> tuple[Floats, Hole]:
    """Half the size; a pixel is known if half of the four were, and has the color of those."""
    height, width = (-(-side // 2) for side in hole.shape)
    known = cv2.resize((~hole).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    colors = cv2.resize(rgb * ~hole[..., None], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(colors / np.maximum(known, 1e-3)[..., None], np.float32), known < 0.5


def _smooth(rgb: Floats, hole: Hole) -> Floats:
    pixels = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    filled = cv2.inpaint(pixels, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return np.asarray(np.where(hole[..., None], filled / np.float32(255), rgb), np.float32)


def _enlarged(filled: Floats, rgb: Floats, hole: Hole) -> Floats:
    height, width = hole.shape
    return np.asarray(np.where(hole[..., None], cv2.resize(filled, (width, height)), rgb), np.float32)


@dataclass
class _Search:
    """Which known patch stands for which patch of the hole; places are flat indices into the picture.

    targets (N,) are the centres of all patches that touch the hole, sources those that do not; nearest (N,) is the
    source of each target and cost (N,) how unlike they are.
    """

    rgb: Floats
    hole: Hole
    random: np.random.Generator
    targets: Places
    is_source: Hole
    row: Places
    nearest: Places
    cost: Floats
    patches: Floats | None = None

    @classmethod
    def of(cls, rgb: Floats, hole: Hole, random: np.random.Generator) -> _Search | None:
        """A search in this picture, or None where the hole leaves no whole patch."""
        side = 2 * RADIUS + 1
        near = cv2.dilate(hole.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
        inner = np.zeros_like(hole)
        inner[RADIUS:-RADIUS, RADIUS:-RADIUS] = True
        targets, is_source = np.flatnonzero(near), ~near & inner
        if not is_source.any() or not len(targets):
            return None
        row = np.full(hole.size, -1, np.intp)
        row[targets] = np.arange(len(targets))
        empty = np.zeros(len(targets), np.intp)
        return cls(rgb, hole, random, targets, is_source, row, empty, empty.astype(np.float32))

    def begin(self, offsets: Places | None) -> None:
        """Start from where the coarser picture's patches came from, or from anywhere."""
        self.patches = _patches(self.rgb)
        choices = np.flatnonzero(self.is_source)
        self.nearest = choices[self.random.integers(len(choices), size=len(self.targets))]
        self.cost = self._costs(self.nearest)
        if offsets is not None:
            self._offer(*self._doubled(offsets))

    def carry(self, offsets: Places) -> None:
        """Fill from where the coarser picture's patches came from, as far as that lies on known ground."""
        places, known = self._placed(*self._doubled(offsets))
        self.nearest = np.where(known, places, self.targets)
        self.vote(known.astype(np.float32))

    def _doubled(self, offsets: Places) -> tuple[Places, Places]:
        y, x = np.divmod(self.targets, self.hole.shape[1])
        rows, columns = np.minimum(y // 2, offsets.shape[1] - 1), np.minimum(x // 2, offsets.shape[2] - 1)
        return y + 2 * offsets[0, rows, columns], x + 2 * offsets[1, rows, columns]

    def _placed(self, y: Places, x: Places) -> tuple[Places, Hole]:
        """(y, x) as flat places, and which of them are sources; the others are 0."""
        height, width = self.hole.shape
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        places = np.where(inside, y * width + x, 0)
        return places, inside & self.is_source.ravel()[places]

    def offsets(self) -> Places:
        """(2, H, W): how far below and to the right of each target its source is; 0 elsewhere."""
        height, width = self.hole.shape
        steps = np.zeros((2, height * width), np.intp)
        for part, source, target in zip(
            steps, np.divmod(self.nearest, width), np.divmod(self.targets, width), strict=True
        ):
            part[self.targets] = source - target
        return steps.reshape(2, height, width)

    def _costs(self, places: Places) -> Floats:
        assert self.patches is not None
        costs = np.empty(len(places), np.float32)
        for begin in range(0, len(places), CHUNK):
            part = slice(begin, begin + CHUNK)
            gap = self.patches[self.targets[part]] - self.patches[places[part]]
            costs[part] = np.einsum("ij,ij->i", gap, gap)
        height, width = self.hole.shape
        (y, x), (own_y, own_x) = np.divmod(places, width), np.divmod(self.targets, width)
        away = ((y - own_y) ** 2 + (x - own_x) ** 2) / max(height, width) ** 2
        return np.asarray(costs + NEARNESS * away, np.float32)

    def _offer(self, y: Places, x: Places) -> None:
        """Let each target take the place (y, x) where that is a source, and better than what it has."""
        places, known = self._placed(y, x)
        places = np.where(known, places, self.nearest)
        cost = self._costs(places)
        better = cost < self.cost
        self.nearest, self.cost = np.where(better, places, self.nearest), np.where(better, cost, self.cost)

    def improve(self) -> None:
        """Ask the neighbours, then look around at random, ever closer."""
        height, width = self.hole.shape
        y, x = np.divmod(self.targets, width)
        for down, right in _NEIGHBOURS:
            neighbour = np.clip(y - down, 0, height - 1) * width + np.clip(x - right, 0, width - 1)
            row = self.row[neighbour]
            source = np.where(row >= 0, self.nearest[row], neighbour)
            self._offer(source // width + down, source % width + right)
        reach = max(height, width)
        while reach >= 2:
            step = self.random.integers(-reach, reach + 1, size=(2, len(self.targets)))
            self._offer(self.nearest // width + step[0], self.nearest % width + step[1])
            reach //= 3

    def trust(self) -> Floats:
        """How much each target's patch is to be believed, by how well it fits."""
        spread = max(float(np.quantile(self.cost, 0.75)), 1e-6)
        return np.asarray(np.exp(-self.cost / (2 * spread)) + 1e-6, np.float32)

    def vote(self, weight: Floats) -> None:
        """Give each pixel of the hole the mean, by `weight`, of what the patches over it say."""
        height, width = self.hole.shape
        flat, holes = self.rgb.reshape(-1, 3), np.flatnonzero(self.hole)
        y, x = np.divmod(holes, width)
        total, weights = np.zeros((len(holes), 3), np.float32), np.zeros((len(holes), 1), np.float32)
        for down in range(-RADIUS, RADIUS + 1):
            for right in range(-RADIUS, RADIUS + 1):
                inside = (y - down >= 0) & (y - down < height) & (x - right >= 0) & (x - right < width)
                row = np.where(inside, self.row[np.where(inside, holes - down * width - right, holes)], 0)
                share = np.where(inside, weight[row], 0)[:, None]
                # Without a source a target's share is none, wherever its place would be.
                total += share * flat.take(self.nearest[row] + down * width + right, 0, mode="clip")
                weights += share
        rgb = flat.copy()
        rgb[holes] = np.where(weights > 0, total / np.maximum(weights, 1e-12), flat[holes])
        self.rgb = rgb.reshape(height, width, 3)
        if self.patches is not None:
            self.patches = _patches(self.rgb)
            self.cost = self._costs(self.nearest)


def _patches(rgb: Floats) -> Floats:
    """The patch around every pixel, (H * W, 3 * (2 * RADIUS + 1) ** 2)."""
    side = 2 * RADIUS + 1
    padded = np.pad(rgb, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (0, 1))
    return np.ascontiguousarray(windows.reshape(rgb.shape[0] * rgb.shape[1], -1), np.float32)
