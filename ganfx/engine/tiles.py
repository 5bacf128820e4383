"""Cutting a length into overlapping tiles of one size, and fading the results into one another.

Nothing here knows of networks. Lengths are input pixels; only `Weights` and the paste functions speak of output
pixels, `scale` to one input pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

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

    Neighbours share 2 * overlap pixels or more and fade in the middle of what the later one adds: a pixel that
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
    """What one tile adds along one axis: `values` (end - begin,) for the output pixels [begin, end).

    The first `lead` are added to what the tile before has left, the rest are written; from `tail` on the next tile
    adds to them. The weights of all tiles sum to one everywhere.
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


def paste(band: Floats, piece: Floats, across: Weights) -> None:
    """Writes `piece` (rows, end - begin, C) into `band` (rows, W, C), faded into its left neighbour."""
    target, lead = band[:, across.begin : across.end], across.lead
    target[:, :lead] += piece[:, :lead] * across.values[:lead, None]
    for channel in range(piece.shape[2]):  # one plane after the other: how they lie in memory
        target[:, lead:, channel] = piece[:, lead:, channel]
    tail = max(lead, across.tail)
    target[:, tail:] *= across.values[tail:, None]


def join(band: Floats, carry: Floats | None, down: Weights) -> tuple[Floats, Floats]:
    """Fades `band` (end - begin, W, C) into the rows `carry` that the band above left unfinished.

    Returns the finished rows (a view of `band`, which is changed) and a copy of those left to the band below.
    """
    lead = down.lead
    for rows in (slice(0, lead), slice(max(lead, down.tail), None)):
        band[rows] *= down.values[rows, None, None]
    if carry is not None:
        band[:lead] += carry
    return band[: down.tail], band[down.tail :].copy()


def reflected(length: int, begin: int, end: int) -> NDArray[np.intp]:
    """For the positions [begin, end) of an endlessly mirrored axis of `length` pixels, the pixel seen there."""
    period = max(1, 2 * (length - 1))
    position = np.arange(begin, end) % period
    return np.minimum(position, period - position).clip(max=length - 1)
