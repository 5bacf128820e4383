"""Cutting a length into overlapping tiles of one size, and blending their results.

Independent of networks. Lengths are input pixels; only `Weights` and `Band` speak of output
pixels, `scale` to one input pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def ceil_to(value: int, multiple: int) -> int:
    """`value` rounded up to a multiple of `multiple`."""
    return -(-value // multiple) * multiple


@dataclass(frozen=True)
class Span:
    """One tile along one axis. It fades in over [fade_in, fade_in + fade) and out from fade_out likewise.

    The first tile has no fade_in, the last no fade_out: it lasts to the end of the picture.
    """

    start: int
    fade_in: int | None
    fade_out: int | None


def cut(length: int, tile: int, overlap: int, fade: int, begin: int = 0) -> list[Span]:
    """Tiles that cover [begin, length), the last shifted inward to end at `length`.

    Neighbors share 2 * overlap pixels or more and fade in the middle of what the later one adds: a pixel that
    counts is at least overlap - fade / 2 away from its tile's inner edges. With `begin` > 0 the first tile
    continues a run, and fades in as if one had gone before. Needs tile > 2 * overlap and an even fade.
    """
    stride, last = tile - 2 * overlap, max(0, length - tile)
    count = 1 + (-(-(last - begin) // stride) if last > begin else 0)
    starts = [min(begin + i * stride, last) for i in range(count)]
    seams: list[int | None] = [start + overlap - fade // 2 for start in starts[1:]]
    first = begin + overlap - fade // 2 if begin else None
    return [Span(*parts) for parts in zip(starts, [first, *seams], [*seams, None], strict=True)]


def _ramp(position: Floats, begin: int, fade: int) -> Floats:
    """A raised cosine from 0 to 1 over [begin, begin + fade)."""
    phase = np.clip((position - begin) / max(fade, 1e-6), 0, 1)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * phase), np.float32)


@dataclass(frozen=True)
class Weights:
    """The weights of one tile along one axis: `values` (end - begin,) for the output pixels [begin, end).

    The first `lead` are added to the previous tile's, the rest are written; the next tile adds to those from `tail`
    on. The weights of all tiles sum to one everywhere.
    """

    begin: int
    end: int
    lead: int
    tail: int
    values: Floats

    @classmethod
    def of(cls, span: Span, length: int, fade: int, scale: int) -> Weights:
        """The weights of `span` in a picture of `length` input pixels."""
        begin = 0 if span.fade_in is None else span.fade_in * scale
        end = length * scale if span.fade_out is None else min((span.fade_out + fade) * scale, length * scale)
        position = np.arange(begin, end, dtype=np.float32) + np.float32(0.5)
        values = np.ones(end - begin, np.float32)
        if span.fade_in is not None:
            values = _ramp(position, begin, fade * scale)
        if span.fade_out is not None:
            values = values - _ramp(position, span.fade_out * scale, fade * scale)
        lead = 0 if span.fade_in is None else min(fade * scale, end - begin)
        tail = end - begin if span.fade_out is None else span.fade_out * scale - begin
        return cls(begin, end, lead, tail, values)


@dataclass(frozen=True)
class Band:
    """Tiles side by side, each `pieces` (C, end - begin, columns) with its weights across, in rows weighted by `down`.

    carry holds the previous band's share of the first rows, None for the first band.
    """

    pieces: list[tuple[Floats, Weights]]
    down: Weights
    carry: Floats | None

    def write(self, rows: Floats, top: int) -> None:
        """Write the band's rows from `top` on to `rows` (n, W, C), weighted; rows above `down.tail` are final."""
        for piece, across in self.pieces:
            _paste(rows, piece[:, top : top + len(rows)], across)
        down, values = self.down, self.down.values[top : top + len(rows), None, None]
        lead = min(max(0, down.lead - top), len(rows))
        for fading in (slice(0, lead), slice(max(lead, down.tail - top), None)):
            rows[fading] *= values[fading]
        if self.carry is not None:
            rows[:lead] += self.carry[top : top + lead]


def _paste(rows: Floats, piece: Floats, across: Weights) -> None:
    """Writes `piece` (C, n, end - begin) into `rows` (n, W, C), faded into its left neighbor."""
    target, lead, tail = rows[:, across.begin : across.end], across.lead, max(across.lead, across.tail)
    # Planes are weighted before they are interleaved: faster, as memory is then read contiguously.
    first = np.empty_like(target[:, :lead])
    _merge(piece[:, :, :lead] * across.values[:lead], first)
    target[:, :lead] += first
    _merge(piece[:, :, lead:tail], target[:, lead:tail])
    _merge(piece[:, :, tail:] * across.values[tail:], target[:, tail:])


def _merge(planes: Floats, target: Floats) -> None:
    """Writes `planes` (C, n, m) to `target` (n, m, C)."""
    if target.size:
        cv2.merge(list(planes), target)


def reflected(length: int, begin: int, end: int) -> NDArray[np.intp]:
    """For the positions [begin, end) of an endlessly mirrored axis of `length` pixels, the pixel seen there."""
    period = max(1, 2 * (length - 1))
    position = np.arange(begin, end) % period
    return np.minimum(position, period - position).clip(max=length - 1)
