"""Ctrl-C and SIGTERM, deferred to safe moments."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType


class Interrupt:
    """Records SIGINT and SIGTERM for `check`, which any thread may call.

    asked: whether a signal came.
    then: called by the signal handler.
    """

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        self.asked = False
        self._then = then

    def handle(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        # An Event has a lock, which the interrupted code may hold.
        self.asked = True
        # A second signal ends the process at once; the next run removes unfinished files.
        signal.signal(number, signal.SIG_DFL)
        if self._then:
            self._then()

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal came."""
        if self.asked:
            raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible(then: Callable[[], None] | None = None) -> Iterator[Interrupt]:
    """Defer SIGINT and SIGTERM to `check` within the block; `then` is called at once, and must not wait for a lock.

    An exception raised by the signal handler would be lost where a C library such as libvips calls back into Python.
    """
    interrupt = Interrupt(then)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt.handle) for number in numbers}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
