"""Several pictures at once, each stage of their way held to a number of them."""

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
    """How many pictures may be in each stage: looked at and opened, in the filter, and being encoded."""

    decode: int = 1
    engine: int = 1
    encode: int = 1

    @classmethod
    def parse(cls, text: str) -> StageLimits:
        """'2:1:2' as 2 of decode, 1 of engine, 2 of encode. Raises OptionError."""
        numbers = text.split(":")
        if len(numbers) != len(STAGES) or not all(number.isdecimal() and int(number) > 0 for number in numbers):
            raise OptionError(f"lanes: {text!r} is not three numbers from 1 up", hint="as in 2:1:2")
        return cls(*map(int, numbers))

    @classmethod
    def fitting(cls, chooser: Chooser) -> StageLimits:
        """A good choice: networks beside the processor are kept busy by several pictures, those on it by one."""
        return cls(2, 4, 4) if any(engine.accelerated for engine in chooser.engines) else cls()

    def __str__(self) -> str:
        return f"{self.decode}:{self.engine}:{self.encode}"

    @property
    def total(self) -> int:
        """How many pictures are begun and not finished at once."""
        return self.decode + self.engine + self.encode


class StageSemaphores:
    """The entrances of the stages, shared by all lanes."""

    def __init__(self, limits: StageLimits) -> None:
        self._free = {stage: getattr(limits, stage) for stage in STAGES}
        self._changed = threading.Condition()
        self.is_closed = False

    def close(self) -> None:
        """Let nobody in any more, and stop those inside where they next look."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def take(self, stage: str) -> None:
        """Wait for a place in `stage`. Raises KeyboardInterrupt once the semaphores are closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_closed or self._free[stage])
            if self.is_closed:
                raise KeyboardInterrupt
            self._free[stage] -= 1

    def give(self, stage: str) -> None:
        """Leave `stage` to the next."""
        with self._changed:
            self._free[stage] += 1
            self._changed.notify_all()


class StageSlot:
    """One picture's way through the stages, a context manager that leaves the last of them.

    `told` is called with the finished share, 0..1. Without `semaphores` there is nobody to wait for.
    """

    def __init__(self, semaphores: StageSemaphores | None = None, told: Callable[[float], None] | None = None) -> None:
        self._semaphores, self._told = semaphores, told
        self._stage: str | None = None

    def enter(self, stage: str) -> None:
        """Go on to `stage` once there is room; the stage before is kept until then, so that its results are few."""
        if self._semaphores:
            self._semaphores.take(stage)
            self._leave()
            self._stage = stage

    def progress(self, share: float) -> None:
        """Tell the finished share. Raises KeyboardInterrupt where the run is to stop."""
        if self._semaphores and self._semaphores.is_closed:
            raise KeyboardInterrupt
        if self._told:
            self._told(share)

    def _leave(self) -> None:
        if self._semaphores and self._stage:
            self._semaphores.give(self._stage)
        self._stage = None

    def __enter__(self) -> StageSlot:
        return self

    def __exit__(self, *error: object) -> None:
        self._leave()
