"""Limits on how many pictures are in each stage of a batch at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganfx.errors import OptionError

if TYPE_CHECKING:
    from ganfx.pipeline import Chooser

DECODE, ENGINE, ENCODE = "decode", "engine", "encode"
STAGES = (DECODE, ENGINE, ENCODE)


@dataclass(frozen=True)
class StageLimits:
    """The most pictures that may be in each stage at once: being opened, in the filter, being encoded."""

    decode: int = 1
    engine: int = 1
    encode: int = 1

    @classmethod
    def parse(cls, text: str) -> StageLimits:
        """The limits of decode, engine and encode in a text such as '2:1:2', or '4' for all. Raises OptionError."""
        numbers = text.split(":")
        is_count = all(number.isdecimal() and int(number) > 0 for number in numbers)
        if len(numbers) not in (1, len(STAGES)) or not is_count:
            raise OptionError(f"lanes: {text!r} is neither a number from 1 up nor three", hint="as in 4, or 2:1:2")
        return cls(*map(int, numbers if len(numbers) > 1 else numbers * len(STAGES)))

    @classmethod
    def fitting(cls, chooser: Chooser) -> StageLimits:
        """Limits that suit the device: an accelerator is kept busy by several pictures, the CPU by one."""
        return cls(2, 4, 4) if any(engine.runs_beside_cpu for engine in chooser.engines) else cls()

    def __str__(self) -> str:
        return f"{self.decode}:{self.engine}:{self.encode}"

    @property
    def total(self) -> int:
        """The most pictures in work at once."""
        return self.decode + self.engine + self.encode


class StageSemaphores:
    """Counts the free places of each stage; shared by the threads of one batch."""

    def __init__(self, limits: StageLimits) -> None:
        self._free = {stage: getattr(limits, stage) for stage in STAGES}
        self._changed = threading.Condition()
        self.is_closed = False

    def close(self) -> None:
        """Interrupt all threads: those that wait at once, those at work when they next report progress."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def take(self, stage: str) -> None:
        """Wait for a free place in `stage` and take it. Raises KeyboardInterrupt once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_closed or self._free[stage])
            if self.is_closed:
                raise KeyboardInterrupt
            self._free[stage] -= 1

    def give(self, stage: str) -> None:
        """Give a place in `stage` back."""
        with self._changed:
            self._free[stage] += 1
            self._changed.notify_all()


class StageSlot:
    """The place of one picture in the stages; a context manager that gives its last place back.

    semaphores: shared with the other pictures; None has no limits.
    on_progress: called with the finished share, 0..1, the result's megapixels, 0 as long as these are not known, and
        its frames, 1 where it is no animation.
    """

    def __init__(
        self, semaphores: StageSemaphores | None = None, on_progress: Callable[[float, float, int], None] | None = None
    ) -> None:
        self._semaphores, self._on_progress = semaphores, on_progress
        self._stage: str | None = None
        self._share = self._megapixels = 0.0
        self._frames = 1

    def enter(self, stage: str) -> None:
        """Wait for a place in `stage`, then leave the stage before, so that few results wait between stages."""
        if self._semaphores:
            self._semaphores.take(stage)
            self._leave()
            self._stage = stage

    def progress(self, share: float) -> None:
        """Report the finished `share`, 0..1. Raises KeyboardInterrupt where the batch is to stop."""
        if self._semaphores and self._semaphores.is_closed:
            raise KeyboardInterrupt
        self._share = share
        if self._on_progress:
            self._on_progress(share, self._megapixels, self._frames)

    def expect(self, megapixels: float, frames: int = 1) -> None:
        """Say how large the result will be, all its frames together."""
        self._megapixels, self._frames = megapixels, frames

    def check(self) -> None:
        """Raises KeyboardInterrupt where the batch is to stop."""
        self.progress(self._share)

    def _leave(self) -> None:
        if self._semaphores and self._stage:
            self._semaphores.give(self._stage)
        self._stage = None

    def __enter__(self) -> StageSlot:
        return self

    def __exit__(self, *error: object) -> None:
        self._leave()
