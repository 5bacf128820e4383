"""Draws the sheet of removals: photographs, what is taken out, and what `ganfx inpaint` puts there.

python docs/hooks/removals.py PICTURES tests/evaluation/removals.txt ganfx/weights/inpaint-removals.jpg
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.evaluation.drawn_truth import read_truth
from ganfx.evaluation.metrics import seam
from ganfx.evaluation.resample import fitted
from ganfx.evaluation.sheet import Cell, Sheet
from ganfx.files import SaveOptions, open_picture, save_mask, save_picture
from ganfx.imaging.picture import Floats, Mask, Picture

# Photographs of fewer pixels are enlarged, and get grain of this standard deviation, in [0, 1].
LEAST, GRAIN = 2_000_000, 0.012
# Side of the sheet's pictures, in pixels, and the quality of the file.
CELL, QUALITY = 224, 70
# What is drawn is drawn tightly: the hole is wider, in pixels.
GROW = 12
MARKED = np.array([1, 0, 1], np.float32)
COLUMNS = ("before", "mask", "after", "after, at 100 %")


def enlarged(rgb: Floats) -> tuple[Floats, float]:
    """rgb (H, W, 3) with at least `LEAST` pixels, with grain where it had fewer, and by how much it grew."""
    grown = max((LEAST / rgb[..., 0].size) ** 0.5, 1)
    if grown == 1:
        return rgb, 1
    size = tuple(int(np.ceil(side * grown)) for side in rgb.shape[1::-1])
    large = cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, GRAIN, large.shape)
    return np.asarray(np.clip(large + grain, 0, 1), np.float32), grown


def removed(rgb: Floats, mask: Mask, folder: Path) -> Floats:
    """rgb (H, W, 3) as the command leaves it where mask (H, W) is 1."""
    before, drawn, after = (folder / f"{name}.png" for name in ("before", "mask", "after"))
    save_picture(Picture(rgb), before)
    save_mask(mask, drawn)
    files = [str(before), "--mask", str(drawn), "-o", str(after)]
    subprocess.run([sys.executable, "-m", "ganfx", "inpaint", "--quiet", *files], check=True)
    return open_picture(after).rgb


def grown_mask(drawn: NDArray[np.bool_], size: tuple[int, ...]) -> Mask:
    """drawn (H, W) at the picture's `size` (width, height), wider by `GROW`."""
    large = cv2.resize(drawn.astype(np.float32), size, interpolation=cv2.INTER_LINEAR).round()
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * GROW + 1, 2 * GROW + 1))
    return np.asarray(cv2.dilate(large, disc), np.float32)


def closest(mask: Mask) -> tuple[slice, slice]:
    """The middle of what is masked, as large as a cell."""
    starts = [int(np.flatnonzero(mask.any(axis)).mean()) - CELL // 2 for axis in (1, 0)]
    places = [min(max(start, 0), side - CELL) for start, side in zip(starts, mask.shape, strict=True)]
    return slice(places[0], places[0] + CELL), slice(places[1], places[1] + CELL)


def draw(pictures: Path, drawn: Path, sheet_path: Path) -> None:
    """One row for each picture of `drawn`, from the folder `pictures`."""
    sheet = Sheet(COLUMNS, CELL)
    for name, truth in read_truth(drawn).items():
        rgb, grown = enlarged(open_picture(pictures / name).rgb)
        mask = grown_mask(truth.damage, rgb.shape[1::-1])
        with tempfile.TemporaryDirectory() as folder:
            after = removed(rgb, mask, Path(folder))
        figure = f"seam {seam(after, mask > 0):.2f}"
        print(name, figure, flush=True)
        marked = np.where(mask[..., None] > 0, MARKED, rgb)
        size = f"{rgb.shape[1]}x{rgb.shape[0]}" + (f", enlarged {grown:.2f} times" if grown > 1 else "")
        whole = [fitted(one, CELL) for one in (rgb, marked, after)]
        rows, columns = closest(mask)
        piece = after[rows, columns]
        captions = (Path(name).stem, size, figure, "")
        cells = zip([*whole, piece], captions, strict=True)
        sheet.rows.append([Cell(pixels, caption) for pixels, caption in cells])
    save_picture(Picture(sheet.draw()), sheet_path, options=SaveOptions(quality=QUALITY), overwrite=True)


if __name__ == "__main__":
    draw(*(Path(argument) for argument in sys.argv[1:]))
