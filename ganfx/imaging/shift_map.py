"""Each pixel of a hole as a copy of one known pixel: texture stays as sharp and as grainy as the picture is.

Offsets from pixels to their sources are the same over whole parts; the edges between the parts and to what is known
are taken out of the light (see `membrane`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.color import exposed, exposure
from ganfx.imaging.membrane import Joints, correction
from ganfx.imaging.picture import Box, Floats

Hole = NDArray[np.bool_]
Offsets = NDArray[np.int32]

# The side of the window in which an offset is refined, in pixels, and what leaving the coarser level's costs.
WINDOW, STAY = 15, 2e-5
# Root mean square difference of two pieces, in [0, 1], at which their edge counts a quarter: where they show different
# things, the light of one is no measure for the other.
TOLERANCE = 0.12
# The correction of the light fades over this share of the hole's diagonal.
FADING = 0.5
# Pixels over which what is left of a step at the hole's edge fades, to 1 / e.
RIM = 3.0
# Rounds in which bad offsets are replaced by those of neighbors.
MENDING = 4


@dataclass(frozen=True)
class ShiftMap:
    """Where the pixels of a hole come from.

    rgb       (H, W, 3): the picture; what it has in the hole does not matter
    known     (H, W): where it is known
    box       the part of the picture around the hole that the others are for
    hole      (box.height, box.width)
    offsets   (2, box.height, box.width): the rows and columns from each pixel to its source; 0 outside the hole
    """

    rgb: Floats
    known: Hole
    box: Box
    hole: Hole
    offsets: Offsets

    @classmethod
    def of(cls, rgb: Floats, hole: Hole, offsets: NDArray[np.intp]) -> ShiftMap:
        """From offsets (2, H, W) for the whole picture."""
        box = _box_around(hole)
        inner = hole[box.window]
        own = np.asarray(offsets[(slice(None), *box.window)] * inner, np.int32)
        return cls(rgb, ~hole, box, inner, own)._mended()

    def doubled(self, rgb: Floats, hole: Hole) -> ShiftMap:
        """The same for the picture (H, W, 3) at twice the size."""
        box = _box_around(hole)
        rows = np.clip(np.arange(box.top, box.bottom) // 2 - self.box.top, 0, self.box.height - 1)
        columns = np.clip(np.arange(box.left, box.right) // 2 - self.box.left, 0, self.box.width - 1)
        inner = hole[box.window]
        offsets = 2 * self.offsets[:, rows][:, :, columns] * inner
        return ShiftMap(rgb, ~hole, box, inner, offsets)._mended()

    def _grid(self) -> tuple[Offsets, Offsets]:
        y, x = np.ogrid[self.box.top : self.box.bottom, self.box.left : self.box.right]
        return y.astype(np.int32), x.astype(np.int32)

    def _at(self, offsets: Offsets, down: int = 0, right: int = 0) -> Floats:
        """What each pixel's offset leads to, from the pixel (down, right) beside it."""
        y, x = self._grid()
        rows = np.clip(offsets[0] + (y + down), 0, len(self.rgb) - 1)
        rows *= self.rgb.shape[1]
        rows += np.clip(offsets[1] + (x + right), 0, self.rgb.shape[1] - 1)
        return np.asarray(self.rgb.reshape(-1, 3).take(rows, 0), np.float32)

    def _valid(self, offsets: Offsets, down: int = 0, right: int = 0) -> Hole:
        y, x = self._grid()
        rows, columns = offsets[0] + (y + down), offsets[1] + (x + right)
        height, width = self.known.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        return np.asarray(inside & self.known[rows.clip(0, height - 1), columns.clip(0, width - 1)])

    def _mended(self) -> ShiftMap:
        """Offsets that lead to no known pixel become those of the nearest pixel of the hole whose do, or lead to the
        nearest known pixel."""
        offsets = self.offsets
        for _ in range(MENDING):
            bad = self.hole & ~self._valid(offsets)
            good = self.hole & ~bad
            if not bad.any() or not good.any():
                break
            offsets = offsets.copy()
            offsets[:, bad] = offsets.reshape(2, -1)[:, _nearest(good)[bad]]
        bad = self.hole & ~self._valid(offsets)
        if bad.any():
            y, x = self._grid()
            rows, columns = np.divmod(_nearest(self.known)[self.box.window], self.known.shape[1])
            offsets = np.where(bad, np.stack([rows - y, columns - x]).astype(np.int32), offsets)
        return dataclasses.replace(self, offsets=offsets)

    def refined(self, guess: Floats) -> ShiftMap:
        """Sources move by up to a pixel, where they then look more like guess (h, w, 3), of half the size."""
        aim = self._doubled_window(guess)
        best, cost = self.offsets, np.full(self.hole.shape, np.inf, np.float32)
        for down, right in [(0, 0), *((d, r) for d in (-1, 0, 1) for r in (-1, 0, 1) if d or r)]:
            tried = self.offsets + np.array([[[down]], [[right]]], np.int32) * self.hole
            gap = _squares(self._at(tried) - aim)
            around = cv2.blur(gap, (WINDOW, WINDOW)) + STAY * (abs(down) + abs(right))
            better = self.hole & self._valid(tried) & (around < cost)
            best = np.where(better, tried, best)
            cost[better] = around[better]
        return dataclasses.replace(self, offsets=best)

    def _doubled_window(self, half: Floats) -> Floats:
        """The part of `half` (h, w, 3), enlarged to the picture's size, that lies in the box."""
        top, left = self.box.top // 2, self.box.left // 2
        part = half[top : -(-self.box.bottom // 2), left : -(-self.box.right // 2)]
        large = cv2.resize(part, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        y, x = self.box.top - 2 * top, self.box.left - 2 * left
        return np.asarray(large[y : y + self.box.height, x : x + self.box.width], np.float32)

    def filled(self) -> Floats:
        """The picture with the hole filled, and its light adapted."""
        copied = self._at(self.offsets)
        right, below = self._joints(copied, 0, 1), self._joints(copied, 1, 0)
        reach = FADING * float(np.hypot(*self.hole.shape))
        lit = exposure(copied) + correction(self.hole, right, below, 1 / reach**2)
        lit += self._rim(copied, lit)
        result = self.rgb.copy()
        result[self.box.window][self.hole] = exposed(lit[self.hole])
        return result

    def _rim(self, copied: Floats, lit: Floats) -> Floats:
        """What takes the rest of the steps at the hole's edge out of `lit`, and fades inwards."""
        rest, number = np.zeros_like(lit), np.zeros(self.hole.shape, np.float32)
        own = self.rgb[self.box.window]
        for step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            outer = self.hole & ~_beside(self.hole, step) & self._valid(self.offsets, *step)
            # What is known beside the pixel, less what its source has there in the pixel's light.
            gap = exposure(_beside(own, step)[outer]) - exposure(self._at(self.offsets, *step)[outer])
            rest[outer] += gap - (lit - exposure(copied))[outer]
            number += outer
        edge = number > 0
        if not edge.any():
            return rest
        near = (rest / np.maximum(number, 1)[..., None]).reshape(-1, 3)[_nearest(edge)]
        depth = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(near * (np.exp(-depth / RIM) * self.hole)[..., None], np.float32)

    def _joints(self, copied: Floats, down: int, right: int) -> Joints:
        """Between each pixel and the one (down, right) of it, both as they are copied."""
        step = (down, right)
        next_offsets, next_copied = _beside(self.offsets, step), _beside(copied, step)
        # What the neighbor's offset shows more than the own, at the pixel and at the neighbor, where it is known.
        pairs = [
            (self._at(next_offsets), copied, _beside(self.hole, step) & self._valid(next_offsets)),
            (next_copied, self._at(self.offsets, down, right), self.hole & self._valid(self.offsets, down, right)),
        ]
        number = np.maximum(np.sum([known for *_, known in pairs], 0, dtype=np.float32), 1)[..., None]
        gap = sum((theirs - own) * known[..., None] for theirs, own, known in pairs) / number
        lit = sum((exposure(theirs) - exposure(own)) * known[..., None] for theirs, own, known in pairs) / number
        weight = (pairs[0][2] | pairs[1][2]) / (1 + _squares(gap) / (3 * TOLERANCE**2)) ** 2
        weight[-1 if down else slice(None), slice(None) if down else -1] = 0
        return Joints(np.asarray(-lit, np.float32), np.asarray(weight, np.float32))


def _squares(gap: Floats) -> Floats:
    return np.asarray(np.einsum("hwc,hwc->hw", gap, gap), np.float32)


def _nearest(good: Hole) -> NDArray[np.intp]:
    """(H, W): the flat index of the nearest pixel that is `good`."""
    _, labels = cv2.distanceTransformWithLabels(
        (~good).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    place = np.zeros(labels.max() + 1, np.intp)
    place[labels[good]] = np.flatnonzero(good)
    return np.asarray(place[labels], np.intp)


def _box_around(hole: Hole) -> Box:
    """The hole with a margin, inside the picture."""
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    margin = WINDOW // 2 + 1
    return Box(
        max(int(columns[0]) - margin, 0),
        max(int(rows[0]) - margin, 0),
        min(int(columns[-1]) + 1 + margin, hole.shape[1]),
        min(int(rows[-1]) + 1 + margin, hole.shape[0]),
    )


def _beside(values: NDArray[Any], step: tuple[int, int]) -> NDArray[Any]:
    """For each pixel of values (H, W) or (n, H, W), or (H, W, 3), what the one `step` from it has."""
    axis = 1 if values.shape[0] == 2 and values.ndim == 3 else 0
    height, width = values.shape[axis : axis + 2]
    rows = np.clip(np.arange(height) + step[0], 0, height - 1)
    columns = np.clip(np.arange(width) + step[1], 0, width - 1)
    return values.take(rows, axis).take(columns, axis + 1)
