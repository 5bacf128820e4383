"""Work that is begun before its result is needed, in a thread of its own."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class WorkAhead:
    """One piece of work at a time beside its caller's; a context manager that waits for what is begun at its end."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")

    def begin(self, work: Callable[[], T]) -> Callable[[], T]:
        """Begin `work`, in the caller's context; what is returned waits for its result, and raises what it raises."""
        return self._pool.submit(contextvars.copy_context().run, work).result

    def __enter__(self) -> WorkAhead:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
