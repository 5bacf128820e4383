"""BoundFilter on the picture as a whole: prepare -> engine -> finish, strip by strip where the filter allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from ganfx.errors import OptionError
from ganfx.filters import Flow, Strip
from ganfx.imaging.picture import Floats, Picture
from ganfx.pipeline.bound_filter import BoundFilter, PixelProgress, Source
from ganfx.pipeline.overview import run_overview
from ganfx.pipeline.scales import CONTEXT, enlarged, grain, reduced


def stream(source: Source, work: BoundFilter, progress: PixelProgress | None = None) -> Iterator[Picture]:
    """The result's rows, top to bottom, in pieces; `progress` is told of finished input pixels.

    Memory is bounded by the picture's width, whatever its height, unless a flow is not local. Raises OptionError where
    the filter retouches.
    """
    flow = work.filter.flow
    if work.filter.overview is not None:
        return run_overview(source, work, work.filter.overview, progress or (lambda pixels: None))
    if flow is None:
        raise OptionError(f"{work.filter.name} needs a mask", hint="say what to fill: white in the mask")
    if flow.local:
        return _stream_strips(source, work, flow, progress)
    return iter([_whole(source, work, flow, progress)])


def _whole(source: Source, work: BoundFilter, flow: Flow, progress: PixelProgress | None) -> Picture:
    picture = source.rows(0, source.height)
    spec = work.engine.spec
    output = work.engine.run(flow.prepare(picture, work.values, spec))
    if progress:
        progress(picture.width * picture.height)
    return flow.finish(output, Strip(picture), work.values, spec)


def _stream_strips(source: Source, work: BoundFilter, flow: Flow, progress: PixelProgress | None) -> Iterator[Picture]:
    spec, margin, height = work.engine.spec, flow.margin, source.height
    factor = flow.reduction((source.width, height), work.values) if flow.reduction else 1
    few, narrow = -(-height // factor), -(-source.width // factor)
    window = _Window(source)

    def read(top: int, bottom: int) -> Floats:
        # The engine asks in rising order, and only for what it has not finished.
        window.forget((top - margin - CONTEXT) * factor)
        above, below = min(margin, top), min(margin, few - bottom)
        rows = window.rows((top - above) * factor, min((bottom + below) * factor, height))
        prepared = flow.prepare(reduced(rows, factor), work.values, spec)[above : above + bottom - top]
        return prepared + spec.input_noise_std * grain(top, prepared.shape) if spec.input_noise_std else prepared

    def told(pixels: int) -> None:
        if progress:
            progress(min(pixels * factor**2, source.width * height))

    outputs = work.engine.stream(read, few, narrow, told)
    top = 0
    for output in enlarged(outputs, factor, (source.width * spec.scale, height * spec.scale)):
        bottom = top + len(output) // spec.scale
        above, below = min(margin, top), min(margin, height - bottom)
        strip = Strip(window.rows(top - above, bottom + below), above, below)
        yield flow.finish(output, strip, work.values, spec)
        top = bottom


class _Window:
    """Reads a source strictly downwards, each row once, and keeps the rows that may be asked for again."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.first = self.end = 0
        self.kept: Picture | None = None

    def rows(self, top: int, bottom: int) -> Picture:
        if self.kept is None or bottom > self.end:
            fresh = self.source.rows(self.end, bottom)
            self.kept = fresh if self.kept is None else _below(self.kept, fresh)
            self.end = bottom
        return self.kept.rows(top - self.first, bottom - self.first)

    def forget(self, before: int) -> None:
        """Let go of the rows above `before`."""
        if self.kept is not None and before > self.first:
            self.kept = self.kept.rows(before - self.first, self.end - self.first)
            self.first = before


def _below(upper: Picture, lower: Picture) -> Picture:
    alpha = None
    if upper.alpha is not None and lower.alpha is not None:
        alpha = np.concatenate([upper.alpha, lower.alpha])
    return dataclasses.replace(upper, rgb=np.concatenate([upper.rgb, lower.rgb]), alpha=alpha)
