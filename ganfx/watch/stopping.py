"""How a watcher that was asked to end lets go of the pictures in work."""

from __future__ import annotations

import time

from ganfx.batch.stage_limits import ENGINE, StageSlot
from ganfx.watch.retry import WithdrawnError

# Seconds in which the pictures in work are finished.
FINISH_S = 10.0


class StopRequest:
    """Whether a watcher was asked to end.

    asked: set by `ask`, which a signal handler may call.
    """

    def __init__(self) -> None:
        self.asked = False
        self._finish_by = float("inf")

    def ask(self) -> None:
        """Ask for it: what takes longer than `FINISH_S` from now on is left for the next time."""
        self._finish_by = time.monotonic() + FINISH_S
        self.asked = True

    def check(self) -> None:
        """Raises WithdrawnError where it was asked for."""
        if self.asked:
            raise WithdrawnError("the watcher ends")

    def check_part(self) -> None:
        """The same, once the time to finish is over."""
        if time.monotonic() > self._finish_by:
            self.check()


class StoppableSlot(StageSlot):
    """`slot`, left by WithdrawnError where `stop` is asked for before the filter starts, or long before it ends."""

    def __init__(self, slot: StageSlot, stop: StopRequest) -> None:
        super().__init__()
        self._slot, self._stop = slot, stop

    def enter(self, stage: str) -> None:
        self._slot.enter(stage)
        if stage == ENGINE:
            self._stop.check()

    def expect(self, megapixels: float, frames: int = 1) -> None:
        self._slot.expect(megapixels, frames)

    def progress(self, share: float) -> None:
        self._slot.progress(share)
        self._stop.check_part()

    def __exit__(self, *error: object) -> None:
        self._slot.__exit__(*error)
