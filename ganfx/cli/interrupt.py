"""Ctrl-C and SIGTERM, taken at a moment of our choosing."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Interrupt:
    """Whether somebody asked to stop; `check` is where they are heard."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def handle(self, number: int, frame: FrameType | None) -> None:
        self.asked.set()
        # The second time, whatever runs is ended where it stands.
        signal.signal(number, signal.default_int_handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if it was asked for."""
        if self.asked.is_set():
            raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Hold back SIGINT and SIGTERM for `check` within the block.

    An exception raised by a signal handler is lost where a C library is calling back into Python, as libvips does.
    """
    interrupt = Interrupt()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt.handle) for number in numbers}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
