"""Filters one after another: between the steps a picture stays in memory as float32."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ganfx.engine import Engine, PixelProgress
from ganfx.errors import OptionError
from ganfx.filters import SEED, Planes, Size
from ganfx.imaging.picture import Mask, Picture, PictureInfo
from ganfx.pipeline.bound_filter import BoundFilter
from ganfx.pipeline.overview import framed
from ganfx.pipeline.retouching import apply_patches, certain, find_mask, find_regions, found_notes, retouch
from ganfx.pipeline.source import Source
from ganfx.pipeline.streaming import stream


class Chooser(Protocol):
    """Chooses the chain for each picture.

    fingerprint   a text that is equal where results are: of filters, options and models, not of the device
    suffix        ends the default names of results
    names         what a template for names of results may contain: filter, model, suffix and, where it is the same
                  for all pictures, scale
    engines       all networks that may be run
    device        the device that the first of them runs on, for messages
    """

    @property
    def fingerprint(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    @property
    def names(self) -> Mapping[str, str]: ...
    @property
    def engines(self) -> tuple[Engine, ...]: ...
    @property
    def device(self) -> str: ...
    def choose(self, source: Source, progress: PixelProgress) -> Chain:
        """The chain for `source`. Calls `progress` now and then, with 0, so that it may interrupt."""

    def varied(self, by: int) -> Chooser:
        """The same with seeds that are greater by `by`. Raises OptionError where there is none, or beyond the most."""


@dataclass(frozen=True)
class Chain:
    """Filters to apply in their order; the chooser that chooses itself.

    filters   the bound filters; empty: the picture stays as it is
    reasons   why each was chosen for a picture, in sentences for the user; empty where the user chose
    """

    filters: tuple[BoundFilter, ...]
    reasons: tuple[str, ...] = ()

    def choose(self, source: Source, progress: PixelProgress) -> Chain:
        """The chain itself."""
        return self

    def varied(self, by: int) -> Chain:
        """The chain with seeds that are greater by `by`. Raises OptionError where there is none, or beyond the most."""
        if not any(bound.filter.has_seed for bound in self.filters):
            raise no_choices()
        return dataclasses.replace(self, filters=tuple(bound.varied(by) for bound in self.filters))

    @property
    def fingerprint(self) -> str:
        return json.dumps([bound.fingerprint for bound in self.filters], sort_keys=True)

    @property
    def steps(self) -> str:
        """The chain as `parse_steps` reads it, with its models' names."""
        return ",".join(bound.step for bound in self.filters)

    @property
    def suffix(self) -> str:
        return "_".join(bound.suffix for bound in self.filters)

    @property
    def names(self) -> Mapping[str, str]:
        filters = "_".join(bound.filter.name for bound in self.filters)
        models = "_".join(bound.engine.spec.name for bound in self.filters)
        scale = {} if self.scale is None else {"scale": f"{self.scale:g}"}
        return {"filter": filters, "model": models, **scale, "suffix": self.suffix}

    @property
    def engines(self) -> tuple[Engine, ...]:
        return tuple(engine for bound in self.filters for engine in bound.engines)

    @property
    def seed(self) -> int | None:
        """The seed of the first step that has one; None without."""
        return next((bound.values[SEED] for bound in self.filters if bound.filter.has_seed), None)

    @property
    def scale(self) -> float | None:
        """Pixels of the result per input pixel, on each side; None where that differs from picture to picture."""
        scales = [bound.scale for bound in self.filters]
        return None if None in scales else math.prod(filter(None, scales))

    @property
    def device(self) -> str:
        return self.filters[0].engine.device

    @property
    def needs_mask(self) -> bool:
        """Whether a step needs a mask from the user."""
        return any(bound.filter.needs_mask for bound in self.filters)

    def output_size(self, source: Source) -> tuple[int, int]:
        """(width, height) of the result for `source`."""
        return self._sizes(source)[-1]

    def output_info(self, source: Source) -> PictureInfo:
        """The info of the result for `source`, without the notes that the steps will add."""
        return functools.reduce(lambda info, bound: bound.output_info(info), self.filters, source.info)

    def output_alpha(self, source: Source) -> bool:
        """Whether the result for `source` has an alpha."""
        planes = Planes(source.info.grey, source.has_alpha)
        return functools.reduce(lambda found, bound: bound.output_planes(found), self.filters, planes).alpha

    def _sizes(self, source: Source) -> list[Size]:
        """The size of `source`, and that after each step."""
        sizes = [(source.width, source.height)]
        for bound in self.filters:
            sizes.append(bound.output_size(sizes[-1]))
        return sizes

    def stream(
        self, source: Source, progress: PixelProgress | None = None, *, mask: Mask | None = None, opaque: bool = False
    ) -> Iterator[Picture]:
        """The result's rows, top to bottom, in chunks as the last step gives them; there must be a step.

        `mask` and `opaque` are for the steps that take a mask. `progress` is told the share that is done, all steps
        together, as a number of pixels of the source.
        """
        *earlier, last = zip(self.filters, self._progresses(source, progress), strict=True)
        for bound, listener in earlier:
            chunks = apply_step(source, bound, listener, mask=mask if bound.filter.takes_mask else None, opaque=opaque)
            source = assemble(chunks, bound.output_size((source.width, source.height)))
        bound, listener = last
        return apply_step(source, bound, listener, mask=mask if bound.filter.takes_mask else None, opaque=opaque)

    def settled(self, sources: Sequence[Source], progress: PixelProgress) -> Chain:
        """The chain with all that is estimated decided once, for an animation of which `sources` are some frames.

        `progress` is called with 0 now and then, so that it may interrupt.
        """
        filters = list[BoundFilter]()
        for index, bound in enumerate(self.filters):
            filters.append(bound.settled(sources, progress) if bound.is_automatic else bound)
            if any(later.is_automatic for later in self.filters[index + 1 :]):
                sources = [_applied(source, filters[-1], progress) for source in sources]
        return dataclasses.replace(self, filters=tuple(filters))

    def framed(self, sources: Sequence[Source], progress: PixelProgress) -> Chain:
        """The chain with all sizes decided that depend on what pictures show; one size for all `sources`.

        `progress` is called with 0 now and then, so that it may interrupt.
        """
        filters = list[BoundFilter]()
        for index, bound in enumerate(self.filters):
            filters.append(framed(sources, bound, progress))
            if any(later.has_cut for later in self.filters[index + 1 :]):
                sources = [_applied(source, filters[-1], progress) for source in sources]
        return dataclasses.replace(self, filters=tuple(filters))

    def _progresses(self, source: Source, progress: PixelProgress | None) -> list[PixelProgress]:
        """A listener for each step; steps are weighted by their input's size."""
        area, sizes = source.width * source.height, [width * height for width, height in self._sizes(source)[:-1]]

        def listener(before: int) -> PixelProgress:
            return lambda pixels: progress(area * (before + pixels) // sum(sizes)) if progress else None

        return [listener(sum(sizes[:index])) for index in range(len(sizes))]


def _applied(source: Source, bound: BoundFilter, progress: PixelProgress) -> Picture:
    size = bound.output_size((source.width, source.height))
    return assemble(apply_step(source, bound, lambda pixels: progress(0)), size)


def no_choices() -> OptionError:
    """The error where several results are asked of steps that always give the same one."""
    return OptionError("no step has a seed: there is one result for each picture", hint="ask for one candidate")


def apply_step(
    source: Source,
    bound: BoundFilter,
    progress: PixelProgress | None = None,
    *,
    mask: Mask | None = None,
    opaque: bool = False,
) -> Iterator[Picture]:
    """The result of one filter for `source`: rows, top to bottom, in chunks.

    A retouch uses `mask`, or the one that its finder makes; other filters that take one work only where it is not 0.
    Raises OptionError where a mask is missing or not wanted.
    """
    if bound.filter.maskable or (mask is None and bound.filter.retouch is None):
        return stream(source, bound, progress, mask=mask)
    listener = progress or (lambda pixels: None)
    picture = source.rows(0, source.height)
    if mask is None:
        levels = find_mask(picture, bound, lambda pixels: listener(0))
        picture, used = _noted(picture, *found_notes(bound.filter.name, levels)), certain(levels)
    else:
        used = mask
    masked = find_regions(picture, used, bound)
    if masked.regions:
        return iter([apply_patches(picture, retouch(picture, masked, bound, listener, opaque=opaque))])
    note = f"{bound.filter.name}: {'nothing was found to fill' if mask is None else 'the mask is empty'}"
    return iter([_noted(picture, note)])


def _noted(picture: Picture, *notes: str) -> Picture:
    return dataclasses.replace(picture, info=dataclasses.replace(picture.info, notes=(*picture.info.notes, *notes)))


def assemble(chunks: Iterable[Picture], size: tuple[int, int]) -> Picture:
    """The picture of `size` (width, height) whose rows are `chunks`, top to bottom."""
    width, height = size
    picture = Picture(np.empty((height, width, 3), np.float32))
    row = 0
    for chunk in chunks:
        if chunk.alpha is not None and picture.alpha is None:
            picture = dataclasses.replace(picture, alpha=np.empty((height, width), np.float32))
        part = slice(row, row + chunk.height)
        picture.rgb[part] = chunk.rgb
        if picture.alpha is not None and chunk.alpha is not None:
            picture.alpha[part] = chunk.alpha
        row += chunk.height
        picture = dataclasses.replace(picture, info=chunk.info)
    return picture
