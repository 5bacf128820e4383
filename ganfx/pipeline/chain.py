"""Filters one after another: between the steps a picture stays in memory, at the precision that they compute in."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ganfx.engine import Engine
from ganfx.imaging.picture import Mask, Picture, PictureInfo
from ganfx.pipeline.bound_filter import BoundFilter, PixelProgress, Source
from ganfx.pipeline.patches import find_holes, find_mask, patched, retouch
from ganfx.pipeline.streaming import stream


class Chooser(Protocol):
    """What knows the chain for any picture.

    fingerprint is a text that is the same where results will be: filters, options and models, but not where they run.
    suffix ends the default names of results; names are what a template for them may speak of: filter, model, suffix
    and, where it is always the same, scale. engines are all networks that may be run.
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
    def choose(self, source: Source, progress: PixelProgress) -> Chain: ...


@dataclass(frozen=True)
class Chain:
    """Works to be done in their order, with `reasons` why where they were chosen for a picture; none: it is fine."""

    works: tuple[BoundFilter, ...]
    reasons: tuple[str, ...] = ()

    def choose(self, source: Source, progress: PixelProgress) -> Chain:
        """The chain itself: it is the same for every picture."""
        return self

    @property
    def fingerprint(self) -> str:
        return json.dumps([work.fingerprint for work in self.works], sort_keys=True)

    @property
    def steps(self) -> str:
        """The chain as people write it, its models by their names."""
        return ",".join(work.step for work in self.works)

    @property
    def suffix(self) -> str:
        return "_".join(work.suffix for work in self.works)

    @property
    def names(self) -> Mapping[str, str]:
        filters, models = ("_".join(names) for names in zip(*map(_names, self.works), strict=True))
        return {"filter": filters, "model": models, "scale": str(self.scale), "suffix": self.suffix}

    @property
    def engines(self) -> tuple[Engine, ...]:
        return tuple(engine for work in self.works for engine in (work.finder, work.engine) if engine)

    @property
    def scale(self) -> int:
        """Pixels of the result per pixel, on each side."""
        return math.prod(work.scale for work in self.works)

    @property
    def device(self) -> str:
        return self.works[0].engine.device

    @property
    def needs_mask(self) -> bool:
        """Whether a step works where the user says."""
        return any(work.filter.needs_mask for work in self.works)

    def output_size(self, source: Source) -> tuple[int, int]:
        """(width, height) of what `source` becomes."""
        return source.width * self.scale, source.height * self.scale

    def output_info(self, source: Source) -> PictureInfo:
        """The look of what `source` becomes, but for notes."""
        colored = any(work.filter.colored for work in self.works)
        return dataclasses.replace(source.info, grey=source.info.grey and not colored)

    def stream(
        self, source: Source, progress: PixelProgress | None = None, *, mask: Mask | None = None, opaque: bool = False
    ) -> Iterator[Picture]:
        """The result's rows, top to bottom, in pieces, as the last step gives them; there must be a step.

        `mask` and `opaque` are for the steps that need them. `progress` is told, of the source's pixels, the share
        that is done, all steps together.
        """
        *earlier, last = zip(self.works, self._progresses(source, progress), strict=True)
        for work, told in earlier:
            pieces = apply_step(source, work, told, mask=mask if work.filter.needs_mask else None, opaque=opaque)
            source = assemble(pieces, work.output_size(source))
        work, told = last
        return apply_step(source, work, told, mask=mask if work.filter.needs_mask else None, opaque=opaque)

    def _progresses(self, source: Source, progress: PixelProgress | None) -> list[PixelProgress]:
        """A listener for each step, that counts as much as the step has pixels."""
        area, scale, sizes = source.width * source.height, 1, []
        for work in self.works:
            sizes.append(area * scale**2)
            scale *= work.scale

        def listener(before: int) -> PixelProgress:
            return lambda pixels: progress(area * (before + pixels) // sum(sizes)) if progress else None

        return [listener(sum(sizes[:index])) for index in range(len(sizes))]


def _names(work: BoundFilter) -> tuple[str, str]:
    return work.filter.name, work.engine.spec.name


def apply_step(
    source: Source,
    work: BoundFilter,
    progress: PixelProgress | None = None,
    *,
    mask: Mask | None = None,
    opaque: bool = False,
) -> Iterator[Picture]:
    """What one step makes of `source`: rows, top to bottom, in pieces.

    A retouch goes by `mask`, or by what it finds. Raises OptionError where there is no mask, or no use for one.
    """
    if mask is None and work.filter.retouch is None:
        return stream(source, work, progress)
    told = progress or (lambda pixels: None)
    whole = source.rows(0, source.height)
    used = find_mask(whole, work, lambda pixels: told(0)) if mask is None else mask
    holes = find_holes(whole, used, work)
    if holes.regions:
        return iter([patched(whole, retouch(whole, holes, work, told, opaque=opaque))])
    note = f"{work.filter.name}: {'nothing was found to fill' if mask is None else 'the mask is empty'}"
    return iter([dataclasses.replace(whole, info=dataclasses.replace(whole.info, notes=(*whole.info.notes, note)))])


def assemble(pieces: Iterable[Picture], size: tuple[int, int]) -> Picture:
    """The whole picture, of `size` (width, height), that `pieces` make up from the top down."""
    width, height = size
    whole = Picture(np.empty((height, width, 3), np.float32))
    row = 0
    for piece in pieces:
        if piece.alpha is not None and whole.alpha is None:
            whole = dataclasses.replace(whole, alpha=np.empty((height, width), np.float32))
        part = slice(row, row + piece.height)
        whole.rgb[part] = piece.rgb
        if whole.alpha is not None and piece.alpha is not None:
            whole.alpha[part] = piece.alpha
        row += piece.height
        whole = dataclasses.replace(whole, info=piece.info)
    return whole
