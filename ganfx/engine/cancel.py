"""Ending what a thread has the networks do, from another thread and without waiting for a tile."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from ganfx.errors import InferenceError

_current: ContextVar[CancelToken | None] = ContextVar("stop", default=None)


class CancelToken:
    """Runs that a thread begins `within` it end with InferenceError once another thread has asked for it."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """End the run under way after the layer that it is at, and let no other begin."""
        self.asked = True
        if "run_options" in self.__dict__:
            self.run_options.terminate = True

    def check(self) -> None:
        """Raise InferenceError if it was asked for."""
        if self.asked:
            raise InferenceError("the work was stopped")

    @functools.cached_property
    def run_options(self) -> Any:
        """What onnxruntime looks at between layers."""
        from ganfx.engine.providers import runtime

        return runtime().RunOptions()

    @contextlib.contextmanager
    def within(self) -> Iterator[None]:
        """Have the runs of this thread listen to this stop."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


def run_options() -> Any:
    """The options for a run of this thread, None where nobody may stop it. Raises InferenceError after a stop."""
    stop = _current.get()
    if stop is None:
        return None
    options = stop.run_options
    stop.check()
    return options
