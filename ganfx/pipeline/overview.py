"""Filters that see the whole picture at a bounded size first: shrink, study with the engine at hand, change rows."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ganfx.filters import Overview
from ganfx.imaging.picture import Floats, Picture
from ganfx.pipeline.bound_filter import BoundFilter, PixelProgress, Source

_STRIP_PIXELS = 2**20


def run_overview(source: Source, work: BoundFilter, overview: Overview, progress: PixelProgress) -> Iterator[Picture]:
    """The result's rows, top to bottom, in pieces; `source` is read twice."""
    small = shrunk(source, overview.side, progress)

    def infer(image: Floats) -> Floats:
        # Told too while nothing is finished: the listener may want to interrupt.
        return work.engine.run(image, lambda pixels: progress(0))

    change = overview.study(small, (source.width, source.height), work.values, work.engine.spec, infer)
    for top, bottom in _strips(source):
        yield change(source.rows(top, bottom), top)
        progress(bottom * source.width)


def shrunk(source: Source, side: int, progress: PixelProgress) -> Picture:
    """The picture averaged down to `side` pixels a side at most; transparent pixels count for nothing."""
    scale = min(1.0, side / max(source.width, source.height))
    width, height = (max(1, round(length * scale)) for length in (source.width, source.height))
    sums = np.zeros((height, width, 4), np.float32)
    for top, bottom in _strips(source):
        first, shares = _shares(top, bottom, source.height / height)
        shares = shares[: height - first]
        sums[first : first + len(shares)] += np.tensordot(shares, _narrowed(source.rows(top, bottom), width), 1)
        progress(0)
    opacity = sums[..., 3:]
    visible = sums[..., :3].sum((0, 1)) / max(float(opacity.sum()), 1e-6)
    rgb = np.where(opacity > 1e-4, sums[..., :3] / np.maximum(opacity, 1e-4), visible.astype(np.float32))
    return Picture(rgb, opacity[..., 0] if source.has_alpha else None, source.info)


def _strips(source: Source) -> Iterator[tuple[int, int]]:
    """(top, bottom) of ranges of rows that cover the picture."""
    count = max(1, _STRIP_PIXELS // source.width)
    for top in range(0, source.height, count):
        yield top, min(top + count, source.height)


def _narrowed(rows: Picture, width: int) -> Floats:
    """Premultiplied RGBA (H, width, 4)."""
    alpha = np.ones(rows.rgb.shape[:2], np.float32) if rows.alpha is None else rows.alpha
    layered = np.concatenate([rows.rgb * alpha[..., None], alpha[..., None]], -1)
    return np.asarray(cv2.resize(layered, (width, rows.height), interpolation=cv2.INTER_AREA), np.float32)


def _shares(top: int, bottom: int, band: float) -> tuple[int, Floats]:
    """Of bands `band` rows high, the first that the rows from `top` up to `bottom` reach, and what share of each
    reached band (bands, rows) each row is."""
    first = int(top / band)
    begin = np.arange(first, int(np.ceil(bottom / band)))[:, None] * band
    rows = np.arange(top, bottom)[None]
    shared = np.minimum(rows + 1, begin + band) - np.maximum(rows, begin)
    return first, np.asarray(np.clip(shared, 0, 1) / band, np.float32)
