"""A bound filter on the whole picture: prepare -> engine -> finish, strip by strip where the filter is local."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from ganfx.engine import PixelProgress
from ganfx.errors import OptionError
from ganfx.filters import Flow, Look, Size, Strip
from ganfx.imaging.picture import Floats, Mask, Picture
from ganfx.pipeline.bound_filter import BoundFilter
from ganfx.pipeline.overview import read_overview, run_overview
from ganfx.pipeline.reduction import reduce_to
from ganfx.pipeline.resampling import CONTEXT, HeldRows, enlarge_rows, reduce_rows, shrunk
from ganfx.pipeline.retouching import checked_mask
from ganfx.pipeline.source import Source, StreamedSource, stacked
from ganfx.spec import ModelSpec

_UNCHANGED_ROWS = 256


def stream(
    source: Source, bound: BoundFilter, progress: PixelProgress | None = None, *, mask: Mask | None = None
) -> Iterator[Picture]:
    """The result's rows, top to bottom, in chunks; `progress` is told how many input pixels are finished.

    mask: (H, W) in [0, 1], where a filter that takes one may work: 0 keeps the picture, values between blend.

    Memory is bounded by the picture's width, whatever its height, unless a flow is not local. Raises OptionError where
    the filter retouches, and MaskError where the mask has another size.
    """
    flow, listener = bound.filter.flow, progress or (lambda pixels: None)
    if bound.target:
        return _to_size(source, bound, listener)
    if bound.first:
        source = StreamedSource(source, stream(source, bound.first, lambda pixels: listener(0)))
    bound = bound.resolved(source, listener)
    if bound.filter.overview is not None:
        return run_overview(source, bound, bound.filter.overview, listener)
    if flow is None:
        raise OptionError(f"{bound.filter.name} needs a mask", hint="say what to fill: white in the mask")
    if flow.idle and flow.idle(bound.values):
        return _noted(_unchanged(source, listener), bound)
    if flow.look and bound.values[flow.look.option] is not None:
        bound = _looked(source, bound, flow.look, listener)
    make = _stream_strips if flow.local else _run_whole
    made = make(source, bound, flow, listener, None if mask is None else checked_mask(mask, source))
    return _noted(made, bound) if bound.notes else made


def _looked(source: Source, bound: BoundFilter, look: Look, progress: PixelProgress) -> BoundFilter:
    """The filter with what depends on the whole of `source` in its values; reads it once."""
    spec, small = bound.engine.spec, read_overview(source, look.side, progress)

    def infer(image: Floats) -> Floats:
        return bound.run(noised(image, 0, spec), lambda pixels: progress(0))

    value = look.value(small, bound.values, spec, infer)
    return dataclasses.replace(bound, values={**bound.values, look.option: value})


def _to_size(source: Source, bound: BoundFilter, progress: PixelProgress) -> Iterator[Picture]:
    """The result in the size wanted: enlarged by one network or two, then reduced, all in strips."""
    size = source.width, source.height
    wanted, passes = bound.output_size(size), bound.passes(size)
    if not passes:
        note = f"{bound.filter.name}: it has this size or more already, so no network was used"
        return _as_wanted(reduce_to(_unchanged(source, progress), size, wanted), bound, wanted, note)
    # How much work each network has, in areas of the source, and how many pixels it has worked on.
    work, made, given = [0] * len(passes), [0] * len(passes), source

    def listener(index: int) -> PixelProgress:
        def listen(pixels: int) -> None:
            made[index] = pixels
            progress(sum(made) // sum(work))

        return listen

    for index, one in enumerate(passes):
        work[index] = (size[0] // source.width) ** 2
        chunks, size = stream(given, one, listener(index)), one.output_size(size)
        given = StreamedSource(given, chunks, size)
    return _as_wanted(reduce_to(chunks, size, wanted), bound, wanted)


def _as_wanted(chunks: Iterable[Picture], bound: BoundFilter, size: Size, *notes: str) -> Iterator[Picture]:
    """`chunks` of a picture of the `size` wanted with the info of the result, and with notes."""
    assert bound.target
    added = (*notes, *bound.target.notes(size))
    for chunk in chunks:
        info = dataclasses.replace(bound.output_info(chunk.info), notes=(*chunk.info.notes, *added))
        yield dataclasses.replace(chunk, info=info)


def _noted(chunks: Iterable[Picture], bound: BoundFilter) -> Iterator[Picture]:
    """`chunks` with the notes of what was estimated for the picture."""
    for chunk in chunks:
        info = dataclasses.replace(chunk.info, notes=(*chunk.info.notes, *bound.notes))
        yield dataclasses.replace(chunk, info=info)


def _unchanged(source: Source, progress: PixelProgress) -> Iterator[Picture]:
    for top in range(0, source.height, _UNCHANGED_ROWS):
        bottom = min(top + _UNCHANGED_ROWS, source.height)
        yield source.rows(top, bottom)
        progress(bottom * source.width)


def _finished(output: Floats, strip: Strip, bound: BoundFilter, flow: Flow, mask: Mask | None) -> Picture:
    """The strip's rows of the result, where `mask` of the whole picture lets them show."""
    made = flow.finish(output, strip, bound.values, bound.engine.spec)
    if mask is None:
        return made
    rows, given = mask[strip.top : strip.top + made.height, :, None], strip.picture.rgb[strip.own]
    rgb = np.where(rows < 1, given, made.rgb)
    soft = (rows > 0) & (rows < 1)
    return dataclasses.replace(made, rgb=np.where(soft, given * (1 - rows) + made.rgb * rows, rgb))


def _run_whole(
    source: Source, bound: BoundFilter, flow: Flow, progress: PixelProgress, mask: Mask | None
) -> Iterator[Picture]:
    picture, spec = source.rows(0, source.height), bound.engine.spec
    output = bound.run(flow.prepare(picture, bound.values, spec))
    strip = Strip(picture, around=shrunk(output, spec.scale) if flow.context else None)
    progress(source.width * source.height)
    yield _finished(output, strip, bound, flow, mask)


def _stream_strips(
    source: Source, bound: BoundFilter, flow: Flow, progress: PixelProgress, mask: Mask | None
) -> Iterator[Picture]:
    spec, margin, height = bound.engine.spec, flow.margin, source.height
    factor = flow.reduction((source.width, height), bound.values) if flow.reduction else 1
    reduced_height, reduced_width = -(-height // factor), -(-source.width // factor)
    window, held = _RowWindow(source), HeldRows(spec.scale, flow.context, height)

    def read(top: int, bottom: int) -> Floats:
        # The engine asks in rising order, for rows that it has not finished; what it has finished may be held back.
        window.drop_above(min((top - margin - CONTEXT) * factor, held.done - margin))
        above, below = min(margin, top), min(margin, reduced_height - bottom)
        rows = window.rows((top - above) * factor, min((bottom + below) * factor, height))
        prepared = flow.prepare(reduce_rows(rows, factor), bound.values, spec)[above : above + bottom - top]
        return noised(prepared, top, spec)

    def on_pixels(pixels: int) -> None:
        progress(min(pixels * factor**2, source.width * height))

    outputs = bound.engine.stream(read, reduced_height, reduced_width, on_pixels, controls=bound.controls)
    outputs = enlarge_rows(outputs, factor, (source.width * spec.scale, height * spec.scale))
    for output in outputs:
        for part in held.add(output):
            above, below = min(margin, part.top), min(margin, height - part.bottom)
            rows = window.rows(part.top - above, part.bottom + below)
            strip = Strip(rows, above, below, part.top, part.above, part.below, part.around)
            yield _finished(part.output, strip, bound, flow, mask)


def noised(prepared: Floats, top: int, spec: ModelSpec) -> Floats:
    """`prepared` (H, W, C), the rows from `top` on, with the noise that the network asks for."""
    if spec.input_noise_std:
        prepared = prepared + spec.input_noise_std * row_noise(top, prepared.shape)
    if spec.input_noise_channels:
        planes = row_noise(top, (*prepared.shape[:2], spec.input_noise_channels))
        prepared = np.concatenate([prepared, planes], 2)
    return prepared


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
            self.kept = fresh if self.kept is None else stacked(self.kept, fresh)
            self.end = bottom
        return self.kept.rows(top - self.first, bottom - self.first)

    def drop_above(self, row: int) -> None:
        if self.kept is not None and row > self.first:
            self.kept = self.kept.rows(row - self.first, self.end - self.first)
            self.first = row
