"""One file: read, filtered and written."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ganfx import pipeline
from ganfx.atomic import CommitHook
from ganfx.batch.items import Item
from ganfx.batch.stage_limits import ENCODE, ENGINE, StageSlot
from ganfx.errors import ItemError, MaskError
from ganfx.files import (
    PictureReader,
    PictureWriter,
    SaveOptions,
    copy_picture,
    open_reader,
    open_writer,
    save_mask,
)
from ganfx.imaging.picture import Mask
from ganfx.text import valid

DONE, UP_TO_DATE, SKIPPED, FAILED = "done", "up to date", "skipped", "failed"
# Why a candidate is skipped.
ONE_RESULT = "one result only: the hole is thin, or empty"
# Another run is making it: to be tried again after the others.
POSTPONED = "postponed"
# The status of a dry run.
PLANNED = "to be made"


@dataclass(frozen=True)
class Outcome:
    """The outcome of one item.

    seconds: spent on filtering and writing.
    input_size, output_size: (width, height) in pixels; None where that is unknown.
    steps: the filters that were applied, in the syntax of `pipeline.parse_steps`.
    notes: what the user should know; of SKIPPED, the reason.
    found: shares of the picture that a filter found by itself: what is certain, and filled, and what is doubtful.
    frames: how many there are; 1 for a picture that is no animation.
    error: why it failed.
    status: DONE, UP_TO_DATE, SKIPPED, FAILED, PLANNED, or within a run POSTPONED.
    """

    item: Item
    seconds: float = 0.0
    input_size: tuple[int, int] | None = None
    output_size: tuple[int, int] | None = None
    steps: str = ""
    notes: tuple[str, ...] = ()
    error: ItemError | None = None
    status: str = DONE
    found: Mapping[str, float] = field(default_factory=dict, hash=False)
    frames: int = 1

    @property
    def megapixels(self) -> float:
        """Megapixels written."""
        width, height = self.output_size or (0, 0)
        return width * height * self.frames / 1e6

    @property
    def megapixels_per_s(self) -> float:
        """Megapixels written per second."""
        return self.megapixels / max(self.seconds, 1e-6)

    def as_json(self) -> dict[str, Any]:
        """The outcome as plain data for JSON.

        Bytes of names that are no text are escaped; the URIs have the very names, percent-encoded.
        """
        target = self.item.target if self.status in (DONE, UP_TO_DATE, PLANNED) else None
        return {
            "input": valid(str(self.item.source)),
            "input_uri": self.item.source.absolute().as_uri(),
            "output": target and valid(str(target)),
            "output_uri": target and target.absolute().as_uri(),
            "status": self.status,
            "input_size": self.input_size,
            "output_size": self.output_size,
            "frames": self.frames,
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "notes": valid(self.notes),
            "found": {name: round(share, 6) for name, share in self.found.items()} or None,
            "error": self.error
            and valid({"code": self.error.code, "message": str(self.error), "hint": self.error.hint}),
        }


@dataclass(frozen=True)
class WritePolicy:
    """Whether the result and the found mask may replace files, and hooks called just before each is put in place."""

    overwrite: bool = False
    overwrite_mask: bool = False
    commit_hook: CommitHook | None = None
    mask_commit_hook: CommitHook | None = None


def process(item: Item, chooser: pipeline.Chooser, save: SaveOptions, policy: WritePolicy, slot: StageSlot) -> Outcome:
    """Write the result of `item` by the chain that `chooser` chooses for it; `slot` limits and reports its stages.

    Raises ItemError for the item, EngineError and ModelError, which would fail every item alike.
    """
    with open_reader(item.source, frame=item.frame) as reader:
        area = reader.width * reader.height

        def on_pixels(done_pixels: int) -> None:
            slot.progress(done_pixels / area)

        slot.enter(ENGINE)
        started = time.monotonic()
        chain = chooser.choose(reader, on_pixels).framed([reader], on_pixels)
        slot.expect(math.prod(chain.output_size(reader)) / 1e6)
        work = _ItemProcess(item, reader, chain, save, policy, slot, on_pixels)
        if item.candidate and not work.has_choices():
            return Outcome(item, input_size=(reader.width, reader.height), status=SKIPPED, notes=(ONE_RESULT,))
        notes = tuple(dict.fromkeys((*chain.reasons, *work.choose_writer()())))
        seconds = time.monotonic() - started
        sizes = (reader.width, reader.height), chain.output_size(reader)
        return Outcome(item, seconds, *sizes, chain.steps, notes, found=work.found)


@dataclass(frozen=True)
class _ItemProcess:
    """One item with its file open; its methods that write return notes, and put what was found into `found`."""

    item: Item
    reader: PictureReader
    chain: pipeline.Chain
    save: SaveOptions
    policy: WritePolicy
    slot: StageSlot
    on_pixels: pipeline.PixelProgress
    found: dict[str, float] = field(default_factory=dict)

    def choose_writer(self) -> Callable[[], tuple[str, ...]]:
        """The way to write the result. Raises MaskError where the chain needs a mask and there is none."""
        filters = self.chain.filters
        if self.chain.needs_mask and self.item.mask is None:
            raise MaskError("there is no mask for it", hint="a mask has its picture's name, with any suffix")
        if not filters:
            return self._copy
        # A single retouch keeps the file's own samples wherever it changes nothing.
        return self._retouch if len(filters) == 1 and filters[0].filter.retouch else self._stream

    def has_choices(self) -> bool:
        """Whether another seed gives another result, as far as the first step's mask tells."""
        bound = self.chain.filters[0]
        if self.item.mask is None or not (bound.filter.has_seed and bound.filter.needs_mask):
            return True
        return pipeline.has_choices(pipeline.find_regions(self.reader, self.item.mask.read(self.reader), bound), bound)

    def _copy(self, note: str = "copied") -> tuple[str, ...]:
        self.slot.enter(ENCODE)
        copied = copy_picture(
            self.reader,
            self.item.target,
            options=self.save,
            overwrite=self.policy.overwrite,
            commit_hook=self.policy.commit_hook,
            below=self.item.below,
        )
        return (note, *copied)

    def _stream(self) -> tuple[str, ...]:
        notes, source = self.reader.info.notes, self.item.mask
        with self._open_writer() as writer:
            mask = source.read(self.reader) if source else None
            for rows in self.chain.stream(self.reader, self.on_pixels, mask=mask, opaque=self._opaque):
                writer.write(rows)
                notes = rows.info.notes
            self.slot.enter(ENCODE)
        return (*notes, *writer.notes)

    def _retouch(self) -> tuple[str, ...]:
        bound = self.chain.filters[0]
        doubts: tuple[str, ...] = ()
        if self.item.mask is not None:
            mask = self.item.mask.read(self.reader)
        else:
            levels = self._levels(bound)
            mask, doubts = pipeline.certain(levels), pipeline.found_notes(bound.filter.name, levels)
        masked = pipeline.find_regions(self.reader, mask, bound)
        if not masked.regions:
            what = "nothing was found to fill" if self.item.mask is None else "the mask is empty"
            return (*self._copy(f"{what}: copied"), *doubts)
        with self._open_writer() as writer:
            writer.retouch(
                self.reader, pipeline.retouch(self.reader, masked, bound, self.on_pixels, opaque=self._opaque)
            )
            self.slot.enter(ENCODE)
        return (*self.reader.info.notes, *writer.notes, *doubts)

    @property
    def _opaque(self) -> bool:
        return self.item.mask is not None and self.item.mask.is_alpha

    def _levels(self, bound: pipeline.BoundFilter) -> Mask:
        """What the filter finds, saved where the item says so."""
        levels = pipeline.find_mask(self.reader, bound, lambda done: self.on_pixels(0))
        self.found.update(pipeline.shares_found(levels))
        if self.item.mask_target is not None:
            save_mask(
                levels,
                self.item.mask_target,
                overwrite=self.policy.overwrite_mask,
                commit_hook=self.policy.mask_commit_hook,
                below=self.item.mask_below,
            )
        return levels

    def _open_writer(self) -> PictureWriter:
        width, height = self.chain.output_size(self.reader)
        return open_writer(
            self.item.target,
            width=width,
            height=height,
            has_alpha=self.chain.output_alpha(self.reader),
            info=self.chain.output_info(self.reader),
            options=self.save,
            overwrite=self.policy.overwrite,
            commit_hook=self.policy.commit_hook,
            below=self.item.below,
        )
