"""Holes filled with patches of their surroundings: layout and texture, which a network refines.

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

# Patches are squares of 2 * RADIUS + 1 pixels.
RADIUS = 3
# The least shorter side of the coarsest pyramid level, and rounds of searching and voting there; each finer level has
# three fewer, at least two.
COARSEST, ROUNDS = 24, 10
# The longest side of a level that is searched; comparing patches takes memory for every pixel.
SEARCHED = 512
# Added to the cost of a patch a long side away, growing with the square of the distance: near patches have the same
# light and scale.
NEARNESS = 1.5
# Patches compared at a time: they fit into the processor's cache.
CHUNK = 4096
_NEIGHBORS = ((0, 1), (1, 0), (0, -1), (-1, 0))


def fill_with_patches(rgb: Floats, hole: Hole, seed: int = 0) -> Floats:
    """rgb (H, W, 3) with `hole` (H, W) filled; the same for the same seed.

    Levels with more than `SEARCHED` pixels a side are not searched: patches come from the positions found at the
    coarser level. Where too little is known to take patches from, the hole is filled by diffusion (Telea 2004).
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
            search.start(offsets)
            for _ in range(max(2, ROUNDS - 3 * number)):
                search.improve()
                search.vote(search.weights())
        filled, offsets = search.rgb, search.offsets()
    assert filled is not None
    return filled


def _halved(rgb: Floats, hole: Hole) -> tuple[Floats, Hole]:
    """Half the size; a pixel is known if at least half of its four were, and has their mean color."""
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
    """The nearest-neighbor field of one level: a known patch for each patch of the hole. Places are flat indices.

    rgb         (H, W, 3), the hole filled so far
    hole        (H, W)
    random      generator of the random search
    targets     (N,): the centers of all patches that touch the hole
    is_source   (H, W): the centers of patches that are known and inside the picture
    row         (H * W,): the index into `targets` of each place; -1 for others
    nearest     (N,): the source of each target
    cost        (N,): the squared distance to it, and the cost of the way
    patches     (H * W, 3 * side ** 2): the patch around every pixel; None where the level is not searched
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
        """A search in this picture; None where no patch is wholly known."""
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

    def start(self, offsets: Places | None) -> None:
        """Start from the offsets of the coarser level, where they are better than random ones."""
        self.patches = _patches(self.rgb)
        choices = np.flatnonzero(self.is_source)
        self.nearest = choices[self.random.integers(len(choices), size=len(self.targets))]
        self.cost = self._costs(self.nearest)
        if offsets is not None:
            self._try(*self._doubled(offsets))

    def carry(self, offsets: Places) -> None:
        """Fill by the offsets of the coarser level, where they point to sources."""
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
        """(2, H, W): the rows and columns from each target to its source; 0 elsewhere."""
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

    def _try(self, y: Places, x: Places) -> None:
        """Let each target take the place (y, x) where that is a source with a lower cost."""
        places, known = self._placed(y, x)
        places = np.where(known, places, self.nearest)
        cost = self._costs(places)
        better = cost < self.cost
        self.nearest, self.cost = np.where(better, places, self.nearest), np.where(better, cost, self.cost)

    def improve(self) -> None:
        """One round of PatchMatch: propagation from the neighbors, then random search with a shrinking radius."""
        height, width = self.hole.shape
        y, x = np.divmod(self.targets, width)
        for down, right in _NEIGHBORS:
            neighbor = np.clip(y - down, 0, height - 1) * width + np.clip(x - right, 0, width - 1)
            row = self.row[neighbor]
            source = np.where(row >= 0, self.nearest[row], neighbor)
            self._try(source // width + down, source % width + right)
        reach = max(height, width)
        while reach >= 2:
            step = self.random.integers(-reach, reach + 1, size=(2, len(self.targets)))
            self._try(self.nearest // width + step[0], self.nearest % width + step[1])
            reach //= 3

    def weights(self) -> Floats:
        """The weight of each target's patch in the vote, by its cost."""
        spread = max(float(np.quantile(self.cost, 0.75)), 1e-6)
        return np.asarray(np.exp(-self.cost / (2 * spread)) + 1e-6, np.float32)

    def vote(self, weight: Floats) -> None:
        """Give each pixel of the hole the mean, weighted by `weight` (N,), of the patches that overlap it."""
        height, width = self.hole.shape
        flat, holes = self.rgb.reshape(-1, 3), np.flatnonzero(self.hole)
        y, x = np.divmod(holes, width)
        total, weights = np.zeros((len(holes), 3), np.float32), np.zeros((len(holes), 1), np.float32)
        for down in range(-RADIUS, RADIUS + 1):
            for right in range(-RADIUS, RADIUS + 1):
                inside = (y - down >= 0) & (y - down < height) & (x - right >= 0) & (x - right < width)
                row = np.where(inside, self.row[np.where(inside, holes - down * width - right, holes)], 0)
                share = np.where(inside, weight[row], 0)[:, None]
                # A target without a source has weight 0, so that its place does not matter.
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
