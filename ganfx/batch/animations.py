"""One animation: read, filtered and written frame by frame."""

from __future__ import annotations

import contextlib
import math
import time

from ganfx import pipeline
from ganfx.batch.items import Item
from ganfx.batch.process import Outcome, WritePolicy
from ganfx.batch.stage_limits import ENCODE, ENGINE, StageSlot
from ganfx.errors import MaskError
from ganfx.files import (
    AnimationReader,
    AnimationWriter,
    SaveOptions,
    animated_format,
    copy_animation,
    open_animation,
    open_animation_writer,
)

# Frames by which what is chosen for all of them is decided.
_LOOKED_AT = 3


def process_animation(
    animation: AnimationReader,
    item: Item,
    chooser: pipeline.Chooser,
    save: SaveOptions,
    policy: WritePolicy,
    slot: StageSlot,
) -> Outcome:
    """Write the result of `item`, frame by frame of its open `animation`. Raises as `ganfx.batch.process.process`."""
    return _Animated(animation, item, save, policy, slot).make(chooser)


def animation_of(item: Item) -> AnimationReader | None:
    """The open animation that the result of `item` is made from; None where it is made from one picture.

    Raises UnreadableError or PictureSizeError, and OutputError where the result's format holds one picture.
    """
    animation = open_animation(item.source) if item.frame is None and item.sheet is None else None
    if animation:
        with contextlib.ExitStack() as stack:
            stack.enter_context(animation)
            animated_format(item.target, animation.count)
            if item.mask_target:
                raise MaskError(
                    f"it has {animation.count} frames, each with a mask of its own",
                    hint="leave out --save-mask, or say --frame 1",
                )
            stack.pop_all()
    return animation


class _Animated:
    """An animation on its way through a chain."""

    def __init__(
        self, animation: AnimationReader, item: Item, save: SaveOptions, policy: WritePolicy, slot: StageSlot
    ) -> None:
        self._item, self._animation, self._save = item, animation, save
        self._policy, self._slot = policy, slot
        self._area, self._index = animation.width * animation.height, 0

    def make(self, chooser: pipeline.Chooser) -> Outcome:
        """Write the result by the chain that is chosen once, for all frames."""
        animation, slot = self._animation, self._slot
        slot.enter(ENGINE)
        started = time.monotonic()
        shown = animation.spread(_LOOKED_AT, lambda: slot.progress(0))
        chain = chooser.choose(shown[len(shown) // 2], self._on_pixels).settled(shown, self._on_pixels)
        chain = chain.framed(shown, self._on_pixels)
        if chain.needs_mask and self._item.mask is None:
            raise MaskError("there is no mask for it", hint="a mask has its picture's name, with any suffix")
        input_size, output_size = (animation.width, animation.height), chain.output_size(animation.first)
        slot.expect(math.prod(output_size) * animation.count / 1e6, animation.count)
        notes = ("copied",) if not chain.filters and self._is_copied() else self._written(chain)
        seconds, told = time.monotonic() - started, tuple(dict.fromkeys((*chain.reasons, *notes)))
        return Outcome(self._item, seconds, input_size, output_size, chain.steps, told, frames=animation.count)

    def _is_copied(self) -> bool:
        """Whether the file was copied, being what was asked for as it is."""
        return copy_animation(
            self._animation,
            self._item.target,
            options=self._save,
            overwrite=self._policy.overwrite,
            commit_hook=self._policy.commit_hook,
            below=self._item.below,
        )

    def _written(self, chain: pipeline.Chain) -> tuple[str, ...]:
        """The notes on a result that was made frame by frame."""
        with self._open_writer(chain) as writer:
            notes = self._write_frames(chain, writer)
            self._slot.enter(ENCODE)
        return (*self._animation.first.info.notes, *notes, *writer.notes)

    def _write_frames(self, chain: pipeline.Chain, writer: AnimationWriter) -> tuple[str, ...]:
        """Write all frames; the notes on the first one."""
        source, animation = self._item.mask, self._animation
        mask = source.read(animation.first) if source else None
        opaque = source is not None and source.is_alpha
        notes: tuple[str, ...] = ()
        for self._index, frame in enumerate(animation.frames()):
            if frame.is_repeat:
                writer.repeat()
            else:
                made = iter([frame.picture])
                if chain.filters:
                    made = chain.stream(frame.picture, self._on_pixels, mask=mask, opaque=opaque)
                for rows in made:
                    writer.write(rows)
                    notes = notes if self._index else rows.info.notes
                writer.end_frame()
            self._on_pixels(self._area)
        return notes

    def _on_pixels(self, done_pixels: int) -> None:
        self._slot.progress((self._index + done_pixels / self._area) / self._animation.count)

    def _open_writer(self, chain: pipeline.Chain) -> AnimationWriter:
        animation, item = self._animation, self._item
        width, height = chain.output_size(animation.first)
        return open_animation_writer(
            item.target,
            width=width,
            height=height,
            has_alpha=chain.output_alpha(animation.first),
            info=chain.output_info(animation.first),
            timing=animation.timing_in(animated_format(item.target, animation.count)),
            options=self._save,
            overwrite=self._policy.overwrite,
            commit_hook=self._policy.commit_hook,
            below=item.below,
        )
