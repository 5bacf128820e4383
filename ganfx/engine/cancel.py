"""Cancelling inference from another thread, within a layer's time instead of a tile's."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from ganfx.errors import InferenceError

_current: ContextVar[CancelToken | None] = ContextVar("cancel_token", default=None)


class CancelToken:
    """Cancels all inference that a thread starts inside `scope`; it then raises InferenceError."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        """Stop the running inference after its current layer, and let no further one start. From any thread."""
        self.cancelled = True
        if "run_options" in self.__dict__:
            self.run_options.terminate = True

    def check(self) -> None:
        """Raise InferenceError where it is cancelled."""
        if self.cancelled:
            raise InferenceError("the work was stopped")

    @functools.cached_property
    def run_options(self) -> Any:
        """onnxruntime's RunOptions, whose `terminate` it reads between layers."""
        from ganfx.engine.runtime import runtime

        return runtime().RunOptions()

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Inside the block, inference of this thread obeys this token."""
        reset = _current.set(self)
        try:
            yield
        finally:
            _current.reset(reset)


def check_cancelled() -> None:
    """Raise InferenceError where this thread's token is cancelled."""
    if token := _current.get():
        token.check()


def run_options() -> Any:
    """RunOptions of this thread's token, None without one. Raises InferenceError where it is cancelled."""
    token = _current.get()
    if token is None:
        return None
    options = token.run_options
    token.check()
    return options
