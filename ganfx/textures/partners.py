"""For each place of an example another one that looks alike, so that a texture can go on there (Tong et al. 2002)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats
from ganfx.textures.example import Cells, ExampleLevel

Places = NDArray[np.intp]

# Levels of up to so many cells look among all cells; finer ones take those of the coarser level with them.
EXACT, CHUNK = 5000, 1000
# Partners are at least this share of the known cells' number, squared, apart.
APART = 0.15
AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))


def partners_of(levels: list[ExampleLevel]) -> list[Cells]:
    """(n) for each of the levels, which are coarsest first; a cell for which there is none is its own partner."""
    found: list[Cells] = []
    for number, level in enumerate(levels):
        known = np.flatnonzero(level.known)
        partners = np.arange(len(level.known), dtype=np.int32)
        if number == 0 or len(known) <= EXACT:
            partners[known] = _nearest(level, known)
        else:
            partners[known] = _carried(level, known, levels[number - 1], found[-1])
        found.append(partners)
    return found


def _nearest(level: ExampleLevel, known: Places) -> Cells:
    """The most similar cells that are not near."""
    rows, columns = np.divmod(known, level.width)
    apart = max(APART * len(known) ** 0.5, 2 * level.step)
    theirs = level.described[known]
    norms = np.square(theirs).sum(1)
    found = []
    for begin in range(0, len(known), CHUNK):
        part = slice(begin, begin + CHUNK)
        gaps = norms - 2 * theirs[part] @ theirs.T
        gaps[(rows[part, None] - rows) ** 2 + (columns[part, None] - columns) ** 2 < apart**2] = np.inf
        found.append(np.where(np.isinf(gaps.min(1)), known[part], known[gaps.argmin(1)]))
    return np.concatenate(found).astype(np.int32)


def _carried(level: ExampleLevel, known: Places, coarser: ExampleLevel, coarse_partners: Cells) -> Cells:
    """The best of what the partners of the coarser cells around each cell lead to."""
    rows, columns = np.divmod(known, level.width)
    ratio, height = coarser.cell // level.cell, len(level.known) // level.width
    own: Floats = level.described[known]
    best, chosen = np.full(len(known), np.inf, np.float32), known.astype(np.int32)
    for down, right in AROUND:
        above = (rows - level.frame) // ratio + coarser.frame + down
        beside = (columns - level.frame) // ratio + coarser.frame + right
        over, along = np.divmod(coarse_partners[above * coarser.width + beside], coarser.width)
        y, x = rows + (over - above) * ratio, columns + (along - beside) * ratio
        inside = (y >= 0) & (x >= 0) & (y < height) & (x < level.width) & ((y != rows) | (x != columns))
        cells = np.where(inside, y * level.width + x, 0).astype(np.int32)
        gaps = level.misfit(cells, own)
        gaps[~level.known[cells]] = np.inf
        np.copyto(chosen, cells, where=gaps < best)
        np.minimum(best, gaps, out=best)
    return chosen
