"""An example of a texture at several spacings, each place described by what is around it (Lefebvre and Hoppe 2005).

At the spacing s, a power of two, a place is described by 5 x 5 colors that are s pixels apart, each a mean over about
s pixels, and projected to a few numbers by principal components.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

Bools = NDArray[np.bool_]
Cells = NDArray[np.int32]

# Side of the window that describes a place, in samples, and the numbers that are left of it.
SIDE, NUMBERS = 5, 12
REACH = SIDE // 2
# The coarsest spacing shows the example's shorter side with at least so many samples.
COARSEST = 12
# Windows that the principal components are computed from.
SAMPLES = 6000
# What describes a place whose window is not wholly known.
NOWHERE = np.float32(1e3)


@dataclass(frozen=True)
class ExampleLevel:
    """The example at one spacing: a grid of cells, each array flat, in a frame of unknown ones.

    spacing     pixels between samples of the output
    cell        pixels between cells
    width       cells in a row, the frame included
    frame       cells on each side that are unknown
    colors      (n, 3)
    basis       (SIDE * SIDE * 3, NUMBERS): from a window of colors to its description
    described   (n, NUMBERS)
    known       (n): whether the window of a cell is wholly known
    """

    spacing: int
    cell: int
    width: int
    frame: int
    colors: Floats
    basis: Floats
    described: Floats
    known: Bools

    @property
    def step(self) -> int:
        """Cells between samples."""
        return self.spacing // self.cell

    def misfit(self, cells: Cells, wanted: Floats) -> Floats:
        """Squared distances of the descriptions of `cells` (n) from those that are `wanted` (n, NUMBERS)."""
        gaps = self.described[cells]
        gaps -= wanted
        return np.asarray(np.einsum("ij,ij->i", gaps, gaps), np.float32)


def levels_of(rgb: Floats, usable: Bools, random: np.random.Generator) -> list[ExampleLevel]:
    """The levels of rgb (H, W, 3), coarsest first, of which only the pixels that are `usable` (H, W) are taken.

    Levels at which no window is wholly usable are left out; there may be none at all.
    """
    spacing = 1
    while min(rgb.shape[:2]) // (2 * spacing) >= COARSEST:
        spacing *= 2
    levels = []
    while spacing:
        level = _level(rgb, usable, spacing, random)
        if level.known.any():
            levels.append(level)
        spacing //= 2
    return levels


def _level(rgb: Floats, usable: Bools, spacing: int, random: np.random.Generator) -> ExampleLevel:
    cell = max(1, spacing // 2)
    step = spacing // cell
    frame, reach, span = (REACH + 1) * step, REACH * step, 2 * REACH * step + 1
    colors = np.pad(_means(rgb, usable, spacing)[::cell, ::cell], ((frame, frame), (frame, frame), (0, 0)))
    lattice = np.zeros((span, span), np.uint8)
    lattice[::step, ::step] = 1
    inside = np.pad(usable[::cell, ::cell], frame).astype(np.uint8)
    known = cv2.erode(inside, lattice, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    windows = np.lib.stride_tricks.sliding_window_view(colors, (span, span), axis=(0, 1))[..., ::step, ::step]
    places = np.argwhere(known) - reach
    if len(places) > SAMPLES:
        places = places[np.sort(random.choice(len(places), SAMPLES, replace=False))]
    basis = _principal(windows[places[:, 0], places[:, 1]].reshape(len(places), SIDE * SIDE * 3))
    described = np.full((*known.shape, NUMBERS), NOWHERE, np.float32)
    for row, around in enumerate(windows, reach):
        described[row, reach:-reach] = around.reshape(-1, len(basis)) @ basis
    described[~known] = NOWHERE
    flat = described.reshape(-1, NUMBERS)
    return ExampleLevel(spacing, cell, known.shape[1], frame, colors.reshape(-1, 3), basis, flat, known.reshape(-1))


def _means(rgb: Floats, usable: Bools, spacing: int) -> Floats:
    """Gaussian means over about `spacing` pixels that are usable."""
    if spacing == 1:
        return rgb
    sigma = 0.45 * spacing
    share = cv2.GaussianBlur(usable.astype(np.float32), (0, 0), sigma)
    means = cv2.GaussianBlur(rgb * usable[..., None], (0, 0), sigma)
    return np.asarray(means / np.maximum(share, 1e-3)[..., None], np.float32)


def _principal(windows: Floats) -> Floats:
    """(n, numbers) -> (numbers, NUMBERS): the directions in which windows differ most."""
    if not len(windows):
        return np.zeros((windows.shape[1], NUMBERS), np.float32)
    centered = windows - windows.mean(0)
    _, vectors = np.linalg.eigh(centered.T @ centered)
    return np.ascontiguousarray(vectors[:, ::-1][:, :NUMBERS], np.float32)
