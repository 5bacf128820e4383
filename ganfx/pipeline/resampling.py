"""Rows reduced on their way to a network, and enlarged on their way back."""

from __future__ import annotations

import dataclasses
from collections import deque
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
    """Consecutive rows of a network's output, and what is around them.

    output        (H * scale, W * scale, C)
    top, bottom   the source rows that they are made for
    above, below  how many source rows further `around` reaches
    around        (above + H + below, W, C): the output averaged over each source pixel; None where none is wanted
    """

    output: Floats
    top: int
    bottom: int
    above: int
    below: int
    around: Floats | None


class HeldRows:
    """Holds outputs for `height` source rows back until `context` source rows around them are there, too."""

    def __init__(self, scale: int, context: int, height: int) -> None:
        self.scale, self.context, self.height = scale, context, height
        self.first = self.done = 0
        self.around: Floats | None = None
        self.held: deque[Floats] = deque()

    def add(self, rows: Floats) -> Iterator[OutputRows]:
        """Take the next output rows, from the top down; what is ready now, each of the chunks as it came."""
        self.held.append(rows)
        if self.context:
            fresh = shrunk(rows, self.scale)
            self.around = fresh if self.around is None else np.concatenate([self.around, fresh])
            end = self.first + len(self.around)
        else:
            end = self.height
        while self.held and (end == self.height or self.done + self._next_height + self.context <= end):
            yield self._released(self.held.popleft(), end)

    @property
    def _next_height(self) -> int:
        return len(self.held[0]) // self.scale

    def _released(self, output: Floats, end: int) -> OutputRows:
        top, bottom = self.done, self.done + len(output) // self.scale
        self.done = bottom
        if self.around is None:
            return OutputRows(output, top, bottom, 0, 0, None)
        above, below = min(self.context, top), min(self.context, end - bottom)
        around = self.around[top - above - self.first : bottom + below - self.first]
        begin = max(bottom - self.context, self.first)
        self.around, self.first = self.around[begin - self.first :], begin
        return OutputRows(output, top, bottom, above, below, around)


def shrunk(rows: Floats, scale: int) -> Floats:
    """(H * scale, W * scale, C) averaged over squares of `scale` pixels."""
    if scale == 1:
        return rows.copy()
    size = rows.shape[1] // scale, len(rows) // scale
    return np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_AREA), np.float32).reshape(size[1], size[0], -1)


def _resized(rows: Floats, factor: int) -> Floats:
    size = (rows.shape[1] * factor, len(rows) * factor)
    large = np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return large.reshape(size[1], size[0], -1)
