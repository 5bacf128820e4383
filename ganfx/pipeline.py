"""The corridor: prepare -> engine -> finish, for a picture in memory or one that is streamed through."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ganfx.engine import Engine, EngineOptions, open_engine
from ganfx.errors import OptionError
from ganfx.filters import Filter, Strip, find_filter
from ganfx.hub import find_model
from ganfx.picture import Floats, Look, Picture

Progress = Callable[[int], None]


class Source(Protocol):
    """Where rows come from: a Picture, or a file read piece by piece."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def has_alpha(self) -> bool: ...
    @property
    def look(self) -> Look: ...
    def rows(self, top: int, bottom: int) -> Picture: ...


@dataclass(frozen=True)
class Work:
    """A filter with its options checked and its model loaded: ready for any number of pictures."""

    filter: Filter
    values: Mapping[str, Any]
    engine: Engine

    def output_size(self, source: Source) -> tuple[int, int]:
        """(width, height) of what `source` becomes."""
        scale = self.engine.spec.scale
        return source.width * scale, source.height * scale


def plan(name: str, options: Mapping[str, Any], *, model: str | None = None, engine: EngineOptions) -> Work:
    """Check `options` of the filter `name`, choose the model and open it.

    Raises OptionError, ModelError or EngineError.
    """
    filter_ = find_filter(name)
    values = filter_.check(options)
    selectors = {option.name: values.pop(option.name) for option in filter_.options if option.selects_model}
    opened = open_engine(find_model(model, filter=name, selectors=selectors), engine)
    for key, wanted in {"filter": name, **selectors}.items():
        found = getattr(opened.spec, key)
        if wanted is not None and found != wanted:
            raise OptionError(f"{opened.spec.name} has {key} {found}, not {wanted}", hint="choose another model")
    return Work(filter_, values, opened)


def stream(source: Source, work: Work, progress: Progress | None = None) -> Iterator[Picture]:
    """The result's rows, top to bottom, in pieces; `progress` is told of finished input pixels.

    A local filter's memory is bounded by the picture's width, whatever its height.
    """
    if work.filter.local:
        return _stream_strips(source, work, progress)
    return iter([_whole(source, work, progress)])


def apply(
    picture: Picture, filter: str, *, model: str | None = None, engine: EngineOptions | None = None, **options: Any
) -> Picture:
    """`picture` through the filter called `filter`, by the default model, a named one, or an ONNX file.

    Raises OptionError, ModelError or EngineError.
    """
    work = plan(filter, options, model=model, engine=engine or EngineOptions())
    pieces = list(stream(picture, work))
    alphas = [piece.alpha for piece in pieces if piece.alpha is not None]
    alpha = np.concatenate(alphas) if alphas else None
    return dataclasses.replace(picture, rgb=np.concatenate([piece.rgb for piece in pieces]), alpha=alpha)


def _whole(source: Source, work: Work, progress: Progress | None) -> Picture:
    picture = source.rows(0, source.height)
    spec = work.engine.spec
    output = work.engine.run(work.filter.prepare(picture, work.values, spec))
    if progress:
        progress(picture.width * picture.height)
    return work.filter.finish(output, Strip(picture), work.values, spec)


def _stream_strips(source: Source, work: Work, progress: Progress | None) -> Iterator[Picture]:
    spec, margin, height = work.engine.spec, work.filter.margin, source.height
    window = _Window(source)

    def read(top: int, bottom: int) -> Floats:
        # The engine asks in rising order, and only for what it has not finished.
        window.forget(top - margin)
        above, below = min(margin, top), min(margin, height - bottom)
        prepared = work.filter.prepare(window.rows(top - above, bottom + below), work.values, spec)
        return prepared[above : above + bottom - top]

    top = 0
    for output in work.engine.stream(read, height, source.width, progress):
        bottom = top + len(output) // spec.scale
        above, below = min(margin, top), min(margin, height - bottom)
        strip = Strip(window.rows(top - above, bottom + below), above, below)
        yield work.filter.finish(output, strip, work.values, spec)
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
