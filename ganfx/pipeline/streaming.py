"""A bound filter on the whole picture: prepare -> engine -> finish, strip by strip where the filter is local."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from ganfx.errors import OptionError
from ganfx.filters import Flow, Strip
from ganfx.imaging.picture import Floats, Picture
from ganfx.pipeline.bound_filter import BoundFilter
from ganfx.pipeline.overview import run_overview
from ganfx.pipeline.resampling import CONTEXT, enlarge_rows, reduce_rows
from ganfx.pipeline.source import PixelProgress, Source


def stream(source: Source, bound: BoundFilter, progress: PixelProgress | None = None) -> Iterator[Picture]:
    """The result's rows, top to bottom, in chunks; `progress` is told how many input pixels are finished.

    Memory is bounded by the picture's width, whatever its height, unless a flow is not local. Raises OptionError where
    the filter retouches.
    """
    flow = bound.filter.flow
    bound = bound.resolved(source, progress or (lambda pixels: None))
    if bound.filter.overview is not None:
        return run_overview(source, bound, bound.filter.overview, progress or (lambda pixels: None))
    if flow is None:
        raise OptionError(f"{bound.filter.name} needs a mask", hint="say what to fill: white in the mask")
    if flow.local:
        return _stream_strips(source, bound, flow, progress)
    return iter([_run_whole(source, bound, flow, progress)])


def _run_whole(source: Source, bound: BoundFilter, flow: Flow, progress: PixelProgress | None) -> Picture:
    picture = source.rows(0, source.height)
    spec = bound.engine.spec
    output = bound.run(flow.prepare(picture, bound.values, spec))
    if progress:
        progress(picture.width * picture.height)
    return flow.finish(output, Strip(picture), bound.values, spec)


def _stream_strips(source: Source, bound: BoundFilter, flow: Flow, progress: PixelProgress | None) -> Iterator[Picture]:
    spec, margin, height = bound.engine.spec, flow.margin, source.height
    factor = flow.reduction((source.width, height), bound.values) if flow.reduction else 1
    reduced_height, reduced_width = -(-height // factor), -(-source.width // factor)
    window = _RowWindow(source)

    def read(top: int, bottom: int) -> Floats:
        # The engine asks in rising order, and only for rows that it has not finished.
        window.drop_above((top - margin - CONTEXT) * factor)
        above, below = min(margin, top), min(margin, reduced_height - bottom)
        rows = window.rows((top - above) * factor, min((bottom + below) * factor, height))
        prepared = flow.prepare(reduce_rows(rows, factor), bound.values, spec)[above : above + bottom - top]
        return prepared + spec.input_noise_std * row_noise(top, prepared.shape) if spec.input_noise_std else prepared

    def on_pixels(pixels: int) -> None:
        if progress:
            progress(min(pixels * factor**2, source.width * height))

    outputs = bound.engine.stream(read, reduced_height, reduced_width, on_pixels, controls=bound.controls)
    top = 0
    for output in enlarge_rows(outputs, factor, (source.width * spec.scale, height * spec.scale)):
        bottom = top + len(output) // spec.scale
        above, below = min(margin, top), min(margin, height - bottom)
        strip = Strip(window.rows(top - above, bottom + below), above, below)
        yield flow.finish(output, strip, bound.values, spec)
        top = bottom


def row_noise(top: int, shape: tuple[int, ...]) -> Floats:
    """Standard normal noise of `shape` (H, W, C) for the rows from `top` on; each row's depends on its number alone."""
    rows = [np.random.default_rng(top + row).standard_normal(shape[1:], np.float32) for row in range(shape[0])]
    return np.stack(rows)


class _RowWindow:
    """Reads a source strictly downwards, each row once, and keeps the rows that may be asked for again."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.first = self.end = 0
        self.kept: Picture | None = None

    def rows(self, top: int, bottom: int) -> Picture:
        if self.kept is None or bottom > self.end:
            fresh = self.source.rows(self.end, bottom)
            self.kept = fresh if self.kept is None else _stacked(self.kept, fresh)
            self.end = bottom
        return self.kept.rows(top - self.first, bottom - self.first)

    def drop_above(self, row: int) -> None:
        if self.kept is not None and row > self.first:
            self.kept = self.kept.rows(row - self.first, self.end - self.first)
            self.first = row


def _stacked(upper: Picture, lower: Picture) -> Picture:
    alpha = None
    if upper.alpha is not None and lower.alpha is not None:
        alpha = np.concatenate([upper.alpha, lower.alpha])
    return dataclasses.replace(upper, rgb=np.concatenate([upper.rgb, lower.rgb]), alpha=alpha)
