"""Before and after, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ganfx.errors import OptionError
from ganfx.evaluation.sheet import busiest
from ganfx.imaging.picture import Floats, Picture

SIDE = 420
GAP = 6


def before_after(pairs: Sequence[tuple[Picture, Picture]]) -> Picture:
    """The liveliest piece of each `after` at its own size, with the same piece of `before` enlarged beside it.

    Enlarged is bicubic, what a viewer shows. Raises OptionError where a pair has two shapes.
    """
    rows = [_row(before, after) for before, after in pairs]
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, GAP), (0, width - row.shape[1]), (0, 0)), constant_values=1) for row in rows]
    return Picture(np.concatenate(padded)[:-GAP])


def _row(before: Picture, after: Picture) -> Floats:
    size = (after.width, after.height)
    if abs(before.width * after.height - before.height * after.width) > max(size):
        raise OptionError(f"{before.width}x{before.height} and {after.width}x{after.height} are not the same picture")
    enlarged = cv2.resize(before.rgb, size, interpolation=cv2.INTER_CUBIC)
    piece = busiest(after.rgb, 1, SIDE)
    left, right = (np.clip(rgb[piece], 0, 1) for rgb in (enlarged, after.rgb))
    gap = np.ones((left.shape[0], GAP, 3), np.float32)
    return np.asarray(np.concatenate([left, gap, right], axis=1), np.float32)
