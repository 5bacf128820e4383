"""Rows reduced on their way to a network, and enlarged on their way back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ganfx.imaging.picture import Floats, Picture

# Reduced rows that the bicubic kernel looks at on each side.
CONTEXT = 2


def reduce_rows(rows: Picture, factor: int) -> Picture:
    """`rows` averaged over squares of `factor` pixels, partial ones at the right and the bottom included.

    Colors are weighted by alpha, except in squares that are wholly transparent.
    """
    if factor == 1:
        return rows
    if rows.alpha is None:
        return dataclasses.replace(rows, rgb=_averaged(rows.rgb, factor))
    alpha = _averaged(rows.alpha, factor)
    visible = _averaged(rows.rgb * rows.alpha[..., None], factor) / np.maximum(alpha, 1e-6)[..., None]
    rgb = np.where(alpha[..., None] > 0, visible, _averaged(rows.rgb, factor))
    return dataclasses.replace(rows, rgb=rgb, alpha=alpha)


def _averaged(plane: Floats, factor: int) -> Floats:
    height, width = (-(-length // factor) for length in plane.shape[:2])
    missing = (height * factor - plane.shape[0], width * factor - plane.shape[1])
    padded = np.pad(plane, [(0, missing[0]), (0, missing[1]), *[(0, 0)] * (plane.ndim - 2)], mode="edge")
    return np.asarray(cv2.resize(padded, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def enlarge_rows(chunks: Iterable[Floats], factor: int, size: tuple[int, int]) -> Iterator[Floats]:
    """Rows (h, w, C), top to bottom, as rows bicubically enlarged by `factor` and cropped to `size`, (width, height).

    The result does not depend on how the rows are cut into chunks.
    """
    return iter(chunks) if factor == 1 else _enlarged(chunks, factor, size)


def _enlarged(chunks: Iterable[Floats], factor: int, size: tuple[int, int]) -> Iterator[Floats]:
    width, height = size
    kept: Floats | None = None
    first = done = 0
    for chunk in chunks:
        kept = chunk if kept is None else np.concatenate([kept, chunk])
        ready = first + len(kept) - CONTEXT
        if ready > done:
            yield _resized(kept, factor)[(done - first) * factor : (ready - first) * factor, :width]
            done = ready
            begin = max(done - CONTEXT, first)
            kept, first = kept[begin - first :], begin
    if kept is not None:
        yield _resized(kept, factor)[(done - first) * factor : height - first * factor, :width]


@dataclass(frozen=True)
class OutputRows:
    """Consecutive rows of a network's output, with some more of them at both ends.

    output        (H * scale, W * scale, C)
    top, bottom   the source rows that they are made for, without the further ones
    above, below  how many source rows further the output reaches
    """

    output: Floats
    top: int
    bottom: int
    above: int
    below: int


class HeldRows:
    """Holds outputs for `height` source rows back until `context` source rows around them are there, too."""

    def __init__(self, scale: int, context: int, height: int) -> None:
        self.scale, self.context, self.height = scale, context, height
        self.first = self.done = 0
        self.kept: Floats | None = None

    def add(self, rows: Floats) -> OutputRows | None:
        """Take the next output rows, from the top down; what is ready now, None where nothing is."""
        kept = rows if self.kept is None else np.concatenate([self.kept, rows])
        top, end = self.done, self.first + len(kept) // self.scale
        ready = end if end == self.height else end - self.context
        if ready <= top:
            self.kept = kept
            return None
        above = min(self.context, top)
        part = OutputRows(kept[(top - above - self.first) * self.scale :], top, ready, above, end - ready)
        begin = max(ready - self.context, self.first)
        self.kept = kept[(begin - self.first) * self.scale :] if self.context else None
        self.first, self.done = begin, ready
        return part


def _resized(rows: Floats, factor: int) -> Floats:
    size = (rows.shape[1] * factor, len(rows) * factor)
    large = np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return large.reshape(size[1], size[0], -1)
