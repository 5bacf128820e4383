"""Which of a few offsets each pixel of a hole takes: so that edges between the parts, and to what is known, hide.

The energy is that of He and Sun 2012; it is minimized by belief propagation in sweeps (Tappen and Freeman 2003).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

Hole = NDArray[np.bool_]
Offsets = NDArray[np.intp]
# The index of a row or a column of pixels, or of all.
Where = tuple[Any, ...]

# Sweeps in each of four directions: in holes of up to so many pixels, and in larger ones.
SMALL = 6000
FEW_SWEEPS, SWEEPS = 3, 8
# The window around a pixel in which known colors must fit, in pixels, and what that counts against an edge.
WINDOW, FIT = 7, 1.0
# Price of a source that is not known.
FORBIDDEN = np.float32(100)
# What it costs that a known pixel around a pixel of the hole would come from where nothing is known.
UNSEEN = np.float32(0.1)
# What a source's squared distance from the color that it is drawn to counts.
DRAW = np.float32(0.1)


def labelled(pixels: Floats, hole: Hole, offsets: Offsets, drawn_to: Floats | None = None) -> Offsets:
    """(2, H, W): for each pixel of `hole` (H, W) its choice of `offsets` (n, 2), n > 0; 0 elsewhere.

    pixels are (H, W, channels); what they have in the hole does not matter. Sources are drawn to the colors `drawn_to`
    (H, W, 3), where they are given.
    """
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    own = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inside = hole[own]
    price, seen = _prices(pixels, hole, offsets, own)
    if drawn_to is not None:
        price += DRAW * np.square(seen[..., :3] - drawn_to[own][:, :, None]).sum(-1)
    choice = _Sweeping(inside, price, seen).minimum()
    result = np.zeros((2, *hole.shape), np.intp)
    result[(slice(None), *own)] = np.where(inside, np.moveaxis(offsets[choice], -1, 0), 0)
    return result


def _prices(pixels: Floats, hole: Hole, offsets: Offsets, own: tuple[slice, slice]) -> tuple[Floats, Floats]:
    """(h, w, n): what each offset costs at each pixel; (h, w, n, channels): what it shows there."""
    height, width = hole.shape
    far = int(np.abs(offsets).max()) + 1
    here = (~hole).astype(np.float32)
    padded = np.pad(pixels * here[..., None], ((far, far), (far, far), (0, 0)))
    known = np.pad(here, far)
    price, seen = [], []
    for down, right in offsets:
        moved = slice(far + down, far + down + height), slice(far + right, far + right + width)
        both = here * known[moved]
        gap = both * np.square(pixels - padded[moved]).sum(-1)
        fit = cv2.blur(gap, (WINDOW, WINDOW), borderType=cv2.BORDER_CONSTANT)
        # Known places whose source is not known fit badly.
        fit += UNSEEN * cv2.blur(here - both, (WINDOW, WINDOW), borderType=cv2.BORDER_CONSTANT)
        cost = FIT * WINDOW * fit + FORBIDDEN * (1 - known[moved])
        price.append(cost[own])
        seen.append(padded[moved][own])
    return np.stack(price, -1).astype(np.float32), np.stack(seen, -2)


class _Sweeping:
    """Belief propagation on the pixels of a rectangle; messages go through those that are `inside` alone.

    price   (h, w, n)
    seen    (h, w, n, channels)
    """

    def __init__(self, inside: Hole, price: Floats, seen: Floats) -> None:
        self.inside, self.price, self.seen = inside, price, seen
        # Messages that came from the left, the right, above and below.
        self.left, self.right, self.above, self.below = (np.zeros_like(price) for _ in range(4))

    def minimum(self) -> Offsets:
        """(h, w): the index of the cheapest offset of each pixel."""
        height, width = self.inside.shape
        for _ in range(FEW_SWEEPS if self.inside.sum() <= SMALL else SWEEPS):
            for x in range(width - 1):
                self._pass(self.left, self.right, np.s_[:, x], np.s_[:, x + 1])
            for x in range(width - 1, 0, -1):
                self._pass(self.right, self.left, np.s_[:, x], np.s_[:, x - 1])
            for y in range(height - 1):
                self._pass(self.above, self.below, np.s_[y, :], np.s_[y + 1, :])
            for y in range(height - 1, 0, -1):
                self._pass(self.below, self.above, np.s_[y, :], np.s_[y - 1, :])
        return np.asarray(self._beliefs(np.s_[:, :]).argmin(-1), np.intp)

    def _beliefs(self, where: Where) -> Floats:
        return self.price[where] + self.left[where] + self.right[where] + self.above[where] + self.below[where]

    def _pass(self, forth: Floats, back: Floats, here: Where, there: Where) -> None:
        """Send messages `forth` from the pixels `here` to those `there`."""
        linked = self.inside[here] & self.inside[there]
        if not linked.any():
            return
        belief = (self._beliefs(here) - back[here])[linked]
        pair = np.concatenate([self.seen[here], self.seen[there]], axis=-1)[linked]
        # Two different offsets cost the squared distance of their rows of `pair`.
        norms = np.square(pair).sum(-1)
        ones = np.ones_like(norms)[..., None]
        given = np.concatenate([-2 * pair, (belief + norms)[..., None]], axis=-1)
        message = (given @ np.concatenate([pair, ones], axis=-1).swapaxes(1, 2)).min(1) + norms
        message -= message.min(1, keepdims=True)
        target = forth[there]
        target[linked] = message
