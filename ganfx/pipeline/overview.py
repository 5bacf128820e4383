"""A bound filter that studies a reduced picture first, and then changes the full one strip by strip."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import cv2
import numpy as np

from ganfx.engine import PixelProgress
from ganfx.filters import Infer, Overview, Size, Values
from ganfx.imaging.picture import Box, Floats, Picture
from ganfx.pipeline.bound_filter import BoundFilter
from ganfx.pipeline.source import Source
from ganfx.spec import ModelSpec

_STRIP_PIXELS = 2**20


def run_overview(source: Source, bound: BoundFilter, overview: Overview, progress: PixelProgress) -> Iterator[Picture]:
    """The result's rows, top to bottom, in chunks; `source` is read twice."""
    change = _study(source, bound, overview, progress)
    frame = bound.frame or Box(0, 0, source.width, source.height)
    for top, bottom in _strips(source):
        above, below = max(top, frame.top), min(bottom, frame.bottom)
        if above < below:
            made = change(source.rows(above, below), above)
            yield made.crop(Box(frame.left, 0, frame.right, made.height)) if bound.frame else made
        progress(bottom * source.width)


def overview_part(source: Source, bound: BoundFilter, box: Box, progress: PixelProgress) -> Picture:
    """The part in `box` of what `run_overview` gives; all of `source` is read once. The filter has an overview."""
    assert bound.filter.overview
    change = _study(source, bound, bound.filter.overview, progress)
    changed = change(source.rows(box.top, box.bottom), box.top)
    return changed.crop(dataclasses.replace(box, top=0, bottom=box.height))


def framed(sources: Sequence[Source], bound: BoundFilter, progress: PixelProgress) -> BoundFilter:
    """The filter with the part of the picture that its result is cut to, where its values ask for that.

    It is the same for all `sources`, and holds what each of them has. `progress` is called with 0 now and then.
    """
    cut = bound.filter.overview.cut if bound.filter.overview else None
    if cut is None or not bound.has_cut:
        return bound
    boxes = [_looked_at(source, bound, cut.box, lambda pixels: progress(0)) for source in sources]
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return dataclasses.replace(bound, frame=Box(left, top, right, bottom))


def _study(
    source: Source, bound: BoundFilter, overview: Overview, progress: PixelProgress
) -> Callable[[Picture, int], Picture]:
    """What turns rows of `source`, and the number of the first of them, into rows of the result."""
    return _looked_at(source, bound, overview.study, progress)


_Seen = TypeVar("_Seen")


def _looked_at(
    source: Source,
    bound: BoundFilter,
    look: Callable[[Picture, Size, Values, ModelSpec, Infer], _Seen],
    progress: PixelProgress,
) -> _Seen:
    """What the filter, which has an overview, makes of `source` reduced."""
    assert bound.filter.overview
    small = read_overview(source, bound.filter.overview.side, progress)

    def infer(image: Floats) -> Floats:
        # Reports no progress, but gives the listener a chance to interrupt.
        return bound.run(image, lambda pixels: progress(0))

    return look(small, (source.width, source.height), bound.values, bound.engine.spec, infer)


def read_overview(source: Source, side: int, progress: PixelProgress) -> Picture:
    """The picture reduced by area averaging to a long side of at most `side` pixels; colors are weighted by alpha."""
    scale = min(1.0, side / max(source.width, source.height))
    width, height = (max(1, round(length * scale)) for length in (source.width, source.height))
    sums = np.zeros((height, width, 4), np.float32)
    for top, bottom in _strips(source):
        first, weights = _row_weights(top, bottom, source.height / height)
        weights = weights[: height - first]
        sums[first : first + len(weights)] += np.tensordot(weights, _narrowed(source.rows(top, bottom), width), 1)
        progress(0)
    opacity = sums[..., 3:]
    mean_color = sums[..., :3].sum((0, 1)) / max(float(opacity.sum()), 1e-6)
    rgb = np.where(opacity > 1e-4, sums[..., :3] / np.maximum(opacity, 1e-4), mean_color.astype(np.float32))
    return Picture(rgb, opacity[..., 0] if source.has_alpha else None, source.info)


def _strips(source: Source) -> Iterator[tuple[int, int]]:
    """(top, bottom) of ranges of rows that cover the picture."""
    count = max(1, _STRIP_PIXELS // source.width)
    for top in range(0, source.height, count):
        yield top, min(top + count, source.height)


def _narrowed(rows: Picture, width: int) -> Floats:
    """`rows` reduced in width alone: premultiplied RGBA (H, width, 4)."""
    alpha = np.ones(rows.rgb.shape[:2], np.float32) if rows.alpha is None else rows.alpha
    premultiplied = np.concatenate([rows.rgb * alpha[..., None], alpha[..., None]], -1)
    return np.asarray(cv2.resize(premultiplied, (width, rows.height), interpolation=cv2.INTER_AREA), np.float32)


def _row_weights(top: int, bottom: int, ratio: float) -> tuple[int, Floats]:
    """How the source rows from `top` up to `bottom` are averaged into reduced rows, each `ratio` source rows high.

    Returns the first reduced row that they contribute to, and their weights (reduced rows, source rows).
    """
    first = int(top / ratio)
    begin = np.arange(first, int(np.ceil(bottom / ratio)))[:, None] * ratio
    rows = np.arange(top, bottom)[None]
    overlap = np.minimum(rows + 1, begin + ratio) - np.maximum(rows, begin)
    return first, np.asarray(np.clip(overlap, 0, 1) / ratio, np.float32)
