"""The offsets at which a picture is like itself: rows of windows, planks, a horizon (He and Sun 2012)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

Hole = NDArray[np.bool_]
Offsets = NDArray[np.intp]

# Side of the patches that are compared, in pixels.
SIDE = 8
# One patch is looked for per so many pixels of the hole, within these limits, so many at a time, each among so many
# times as many.
PIXELS, FEWEST, QUERIES, CHUNK, CHOICES = 4, 300, 2500, 250, 8
# Offsets shorter than this share of the longer side are everywhere, and say nothing.
SHORTEST = 1 / 15
# Peaks of the histogram that are returned at most, its blur, and how near two peaks may be, in pixels.
PEAKS, BLUR, APART = 48, 1.5, 3
# Offsets past the hole, in its size.
PAST = (0.55, 1.05, 1.5)
# Offsets to what is near, in the largest depth of the hole: holes of many parts are much wider than they are deep.
NEAR = (0.6, 1.2, 2.0, 3.0)
# An offset must lead from at least this share of the hole to what is known.
USEFUL = 0.02


def candidates(pixels: Floats, hole: Hole, random: np.random.Generator) -> Offsets:
    """(n, 2): rows and columns from pixels of `hole` (H, W) to where they may come from; pixels are (H, W, channels).

    The offsets at which what is known is most often like itself, and some that lead past the hole, or to what is near.
    """
    rows, columns = np.nonzero(hole)
    size = np.array([np.ptp(rows) + 1, np.ptp(columns) + 1])
    depth = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 5).max()
    ways = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b])
    past = np.concatenate([np.ceil(size * ways * far) for far in PAST]).astype(np.intp)
    near = np.concatenate([np.rint(depth * ways * far) for far in NEAR]).astype(np.intp)
    found = np.unique(np.concatenate([_dominant(pixels, hole, random), past, near]), axis=0)
    known = np.pad(~hole, 1)
    height, width = known.shape
    y = np.clip(rows[:, None] + found[:, 0] + 1, 0, height - 1)
    x = np.clip(columns[:, None] + found[:, 1] + 1, 0, width - 1)
    # The frame of the padded array is not known either.
    known[[0, -1]] = known[:, [0, -1]] = False
    return np.asarray(found[known[y, x].mean(0) > USEFUL])


def _dominant(pixels: Floats, hole: Hole, random: np.random.Generator) -> Offsets:
    """The highest peaks of the histogram of offsets from patches to the most similar ones."""
    height, width = hole.shape
    if min(height, width) < SIDE:
        return np.zeros((0, 2), np.intp)
    touched = cv2.dilate(hole.astype(np.uint8), np.ones((SIDE, SIDE), np.uint8), anchor=(0, 0)) > 0
    places = np.argwhere(~touched[: height - SIDE + 1, : width - SIDE + 1])
    if len(places) < SIDE**2:
        return np.zeros((0, 2), np.intp)
    number = int(np.clip(hole.sum() // PIXELS, FEWEST, QUERIES))
    choices, queries = _some(places, CHOICES * number, random), _some(places, number, random)
    described = _descriptions(pixels)
    theirs = described[choices[:, 0], choices[:, 1]]
    norms = np.square(theirs).sum(1)
    shortest = (SHORTEST * max(height, width)) ** 2
    histogram = np.zeros((2 * height, 2 * width), np.float32)
    for begin in range(0, len(queries), CHUNK):
        own = queries[begin : begin + CHUNK]
        offsets = choices - own[:, None]
        gaps = norms - 2 * described[own[:, 0], own[:, 1]] @ theirs.T
        gaps[np.square(offsets).sum(-1) < shortest] = np.inf
        nearest = offsets[np.arange(len(own)), gaps.argmin(1)]
        np.add.at(histogram, (nearest[:, 0] + height, nearest[:, 1] + width), 1)
    return _peaks(histogram) - (height, width)


def _some(places: Offsets, number: int, random: np.random.Generator) -> Offsets:
    return places if len(places) <= number else places[np.sort(random.choice(len(places), number, replace=False))]


def _descriptions(pixels: Floats) -> Floats:
    """(H - SIDE + 1, W - SIDE + 1, n): means of 2 x 2 pixels in the patch that begins at each place."""
    means = cv2.blur(pixels, (2, 2), anchor=(0, 0))
    height, width = (side - SIDE + 1 for side in pixels.shape[:2])
    parts = [means[r : r + height, c : c + width] for r in range(0, SIDE, 2) for c in range(0, SIDE, 2)]
    return np.ascontiguousarray(np.concatenate(parts, axis=-1), np.float32)


def _peaks(histogram: Floats) -> Offsets:
    smooth = cv2.GaussianBlur(histogram, (0, 0), BLUR)
    side = 2 * APART + 1
    highest = (smooth == cv2.dilate(smooth, np.ones((side, side), np.uint8))) & (smooth > 0)
    found = np.argwhere(highest)
    return np.asarray(found[np.argsort(-smooth[highest], kind="stable")[:PEAKS]])
