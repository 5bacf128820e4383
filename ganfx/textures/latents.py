"""What a texture generator starts from: planes of numbers on a coarse grid, which wraps around, made from seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Output pixels per cell of the grid and side.
CELL = 16
# Styles: for layout, for shapes, and for colors and grain. Planes of each; they are the same in all cells.
STYLES = ("coarse", "medium", "fine")
STYLE_PLANES = 8
# What differs from cell to cell: planes of local noise, and noise for finer and finer layers, that of the layer with
# n x n places in a cell in n x n planes.
LOCAL_PLANES = 8
NOISE_SIDES = (2, 4, 8)
PLANES = len(STYLES) * STYLE_PLANES + LOCAL_PLANES + sum(side * side for side in NOISE_SIDES)
SEEDS = 2**31 - 1


@dataclass(frozen=True)
class TextureSeeds:
    """The seeds that a texture is made again with, each 0 to `SEEDS`.

    layout is that of the noise, where things are; styles those of `STYLES`, what they look like.
    """

    layout: int
    styles: tuple[int, int, int]

    @classmethod
    def of(cls, seed: int, **mixed: int | None) -> TextureSeeds:
        """All from one seed, except for the styles that have one of their own, by name."""
        coarse, medium, fine = (seed if mixed.get(name) is None else int(mixed[name] or 0) for name in STYLES)
        return cls(seed, (coarse, medium, fine))


def style_planes(seed: int, style: int, truncation: float = 1.0) -> NDArray[np.float32]:
    """Numbers (STYLE_PLANES,) in [0, 1] of one of `STYLES`, by its place there, drawn to 0.5 by truncation < 1."""
    drawn = np.random.default_rng([seed, style]).random(STYLE_PLANES, dtype=np.float32)
    return np.float32(0.5) + (drawn - np.float32(0.5)) * np.float32(truncation)


def latent_grid(seeds: TextureSeeds, rows: int, columns: int, truncation: float = 1.0) -> NDArray[np.float32]:
    """The planes (rows, columns, PLANES) in [0, 1]: the styles in the order of `STYLES`, local noise, finer noise.

    Uniformly distributed. The same seeds give the same numbers on every machine.
    """
    grid = np.empty((rows, columns, PLANES), np.float32)
    for place, seed in enumerate(seeds.styles):
        grid[..., place * STYLE_PLANES : (place + 1) * STYLE_PLANES] = style_planes(seed, place, truncation)
    first = len(STYLES) * STYLE_PLANES
    noise = np.random.default_rng([seeds.layout, len(STYLES)]).random((rows, columns, PLANES - first), np.float32)
    grid[..., first:] = noise
    return grid
