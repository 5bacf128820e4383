"""Ctrl-C and SIGTERM, taken at a moment of our choosing."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType


class Interrupt:
    """Whether somebody asked to stop; `check` is where they are heard, in any thread. `then` is called in between."""

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        self.asked = False
        self._then = then

    def handle(self, number: int, frame: FrameType | None) -> None:
        # No lock, as an Event has: it may be held by what was interrupted.
        self.asked = True
        # The second time, the process is ended where it stands; the next run clears away what it left.
        signal.signal(number, signal.SIG_DFL)
        if self._then:
            self._then()

    def check(self) -> None:
        """Raise KeyboardInterrupt if it was asked for."""
        if self.asked:
            raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible(then: Callable[[], None] | None = None) -> Iterator[Interrupt]:
    """Hold back SIGINT and SIGTERM for `check` within the block; `then`, which must not wait for a lock, is called.

    An exception raised by a signal handler is lost where a C library is calling back into Python, as libvips does.
    """
    interrupt = Interrupt(then)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt.handle) for number in numbers}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
