"""Holes filled with pieces of their surroundings: structure first, at a bounded size, then texture as it is.

The layout is chosen at a size at which the hole has no more than `LAID_OUT` pixels, however large it is: each pixel
takes one of the offsets at which the picture is like itself (He and Sun 2012). The offsets are then carried to the
full size, where pixels are copied with all their grain, and only the light of the pieces is adapted.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.labelling import labelled
from ganfx.imaging.membrane import smooth_colors
from ganfx.imaging.picture import Floats
from ganfx.imaging.self_similarity import candidates
from ganfx.imaging.shift_map import ShiftMap

Hole = NDArray[np.bool_]

# The most pixels of a hole whose layout is chosen, and the least shorter side of the picture there.
LAID_OUT, COARSEST = 12000, 24
# What detail that the layout's size does not show counts beside a color there (Newson et al. 2014).
TEXTURE = np.float32(2.5)
# Missing shares of a picture: up to the first pieces stand as they are, from the second on they are blended by `BLEND`
# with a smooth filling, since a piece that far from all that is known is as likely wrong as right.
MISSING, BLEND = (0.35, 0.6), 0.45


def fill_with_patches(rgb: Floats, hole: Hole, seed: int = 0) -> Floats:
    """rgb (H, W, 3) in [0, 1] with `hole` (H, W) filled; the same for the same seed.

    Where too little is known to take pieces from, the hole is filled by diffusion (Telea 2004).
    """
    levels = [(rgb, hole)]
    while levels[-1][1].sum() > LAID_OUT and min(levels[-1][1].shape) >= 2 * COARSEST:
        levels.append(_halved(*levels[-1]))
    picture, gap = levels.pop()
    if not gap.any() or gap.all():
        return _smooth(rgb, hole)
    described = np.concatenate([picture, _texture(rgb, hole, len(levels), gap.shape)], axis=-1)
    offsets = candidates(described, gap, np.random.default_rng(seed))
    if not len(offsets):
        return _smooth(rgb, hole)
    lack = _lack(hole)
    drawn_to = smooth_colors(picture, gap) if lack else None
    shifts = ShiftMap.of(picture, gap, labelled(described, gap, offsets, drawn_to))
    filled = shifts.filled()
    for finer, finer_gap in reversed(levels):
        shifts = shifts.doubled(finer, finer_gap).refined(filled)
        filled = shifts.filled()
    return filled + np.float32(BLEND * lack) * (smooth_colors(rgb, hole) - filled) if lack else filled


def _lack(hole: Hole) -> float:
    """From 0, where enough is known to tell what is missing, to 1, where most is missing."""
    enough, least = MISSING
    return float(np.clip((hole.mean() - enough) / (least - enough), 0, 1))


def _halved(rgb: Floats, hole: Hole) -> tuple[Floats, Hole]:
    """Half the size; a pixel is known if at least half of its four were, and has their mean color."""
    height, width = (-(-side // 2) for side in hole.shape)
    known = cv2.resize((~hole).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    colors = cv2.resize(rgb * ~hole[..., None], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(colors / np.maximum(known, 1e-3)[..., None], np.float32), known < 0.5


def _texture(rgb: Floats, hole: Hole, halvings: int, shape: tuple[int, ...]) -> Floats:
    """(h, w, 2): how much fine and less fine detail there is where a picture of `shape` has only means."""
    known = (~hole).astype(np.float32)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) * known
    share = np.maximum(cv2.resize(known, shape[::-1], interpolation=cv2.INTER_AREA), 1e-3)
    return (
        np.stack(
            [_blurred(np.asarray(mean / share, np.float32)) for mean in _details(grey, known, halvings, shape)], -1
        )
        * TEXTURE
    )


def _details(grey: Floats, known: Floats, halvings: int, shape: tuple[int, ...]) -> Iterator[Floats]:
    for spread in (1.0, 2.0 ** max(halvings - 1, 1)):
        weight = np.maximum(cv2.GaussianBlur(known, (0, 0), spread), 1e-3)
        detail = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), spread) / weight) * known
        yield np.asarray(cv2.resize(detail, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _blurred(values: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), 1.5), np.float32)


def _smooth(rgb: Floats, hole: Hole) -> Floats:
    pixels = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    filled = cv2.inpaint(pixels, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return np.asarray(np.where(hole[..., None], filled / np.float32(255), rgb), np.float32)
