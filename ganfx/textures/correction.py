"""Sources of pixels, corrected so that what is around each pixel looks like what is around its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from ganfx.imaging.picture import Floats
from ganfx.textures.example import REACH, SIDE, Cells, ExampleLevel
from ganfx.textures.partners import AROUND

# Each round goes over a quarter of the pixels at a time, so that no two neighbors are changed at once.
QUARTERS = ((0, 0), (1, 1), (0, 1), (1, 0))
# Pixels from which a change in one round can come.
REACH_OF_ROUND = REACH * len(QUARTERS)
# How much better a source must fit that does not go on as the neighbors do, in squared distance.
APART_PRICE = np.float32(2)
# Pieces of the example that are copied in one are at most about twice so many pixels wide.
LARGEST = 7

# From the sources (h, w) as they are and descriptions (n, NUMBERS) to one more candidate (n) and its price (n).
Search = Callable[[Cells, Floats], tuple[Cells, Floats]]


def corrected(level: ExampleLevel, partners: Cells, cells: Cells, rounds: int, search: Search | None = None) -> Cells:
    """cells (H, W), the sources of pixels, with those away from the edges replaced by what fits better.

    Candidates are what goes on from the sources of the pixels around, and their partners (Tong et al. 2002), and what
    `search` finds. The outermost REACH pixels stay as they are.
    """
    cells = cells.copy()
    colors = level.colors[cells]
    windows = np.lib.stride_tricks.sliding_window_view(colors, (SIDE, SIDE), axis=(0, 1))
    height, width = cells.shape
    for _ in range(rounds):
        for down, right in QUARTERS:
            wanted = windows[down::2, right::2].reshape(-1, len(level.basis)) @ level.basis
            where = slice(REACH + down, height - REACH, 2), slice(REACH + right, width - REACH, 2)
            best, chosen = np.full(len(wanted), np.inf, np.float32), np.zeros(len(wanted), np.int32)
            for candidates, price in _candidates(level, partners, cells, where, wanted, search):
                np.copyto(chosen, candidates, where=price < best)
                np.minimum(best, price, out=best)
            cells[where] = chosen.reshape(cells[where].shape)
            colors[where] = level.colors[cells[where]]
    return cells


def _candidates(
    level: ExampleLevel,
    partners: Cells,
    cells: Cells,
    where: tuple[slice, slice],
    wanted: Floats,
    search: Search | None,
) -> Iterator[tuple[Cells, Floats]]:
    """Sources for the pixels at `where`, each with its price."""
    rows, columns = where
    for down, right in AROUND:
        beside = slice(rows.start + down, rows.stop + down, 2), slice(columns.start + right, columns.stop + right, 2)
        onward = cells[beside].reshape(-1) - np.int32((down * level.width + right) * level.step)
        yield onward, level.misfit(onward, wanted)
        apart = partners[onward]
        yield apart, APART_PRICE * level.misfit(apart, wanted)
    if search:
        yield search(cells, wanted)


def broken(level: ExampleLevel, partners: Cells, cells: Cells, ways: Cells) -> Cells:
    """cells (H, W) with the middles of large pieces that are copied in one replaced by what looks alike.

    That is as far from a cell as the partner is from the cell `ways` (H, W) farther on.
    """
    rows, columns = np.divmod(cells, level.width)
    down, right = np.indices(cells.shape) * level.step
    rows, columns = rows - down, columns - right
    same = np.ones(cells.shape, np.uint8)
    same[1:] &= (rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1])
    same[:, 1:] &= (rows[:, 1:] == rows[:, :-1]) & (columns[:, 1:] == columns[:, :-1])
    deep = cv2.distanceTransform(same, cv2.DIST_C, 3) > LARGEST / level.spacing
    last = len(partners) - 1
    beside = np.clip(cells + ways, 0, last)
    alike = np.clip(partners[beside] - ways, 0, last)
    return np.where(deep & level.known[beside] & level.known[alike], alike, cells)
