"""A bounded queue of response bytes from a worker thread to the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

from ganfx.errors import ServerError

# Max bytes queued for one response; beyond that the producer waits, at most TIMEOUT_S without any progress.
MAX_BYTES = 64 << 20
TIMEOUT_S = 30.0


class ResponseQueue:
    """Non-empty messages in order; b"" marks the end. Create it in the event loop that consumes it.

    size is the number of bytes that wait to be read.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._filled = asyncio.Event()
        self._parts: deque[bytes | memoryview] = deque()
        self._changed = threading.Condition()
        self.size = 0

    def put(self, *parts: bytes | memoryview) -> None:
        """Add a message given in parts, waiting for room. Raises ServerError if the client stops reading."""
        with self._changed:
            while self.size > MAX_BYTES:
                before = self.size
                if not self._changed.wait(TIMEOUT_S) and self.size == before:
                    raise ServerError("nobody reads the answer")
        self._add(*parts)

    def finish(self, message: bytes) -> None:
        """Add the last message and the end mark, without waiting."""
        self._add(message, b"")

    async def take(self, timeout_s: float) -> bytes | memoryview | None:
        """The next part, b"" after the last one, None on timeout."""
        if not self._parts and not await self._wait_for_part(timeout_s):
            return None
        with self._changed:
            part = self._parts.popleft()
            self.size -= len(part)
            self._changed.notify()
        return part

    async def _wait_for_part(self, timeout_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._parts:
                    self._filled.clear()
                    await self._filled.wait()
        return bool(self._parts)

    def close(self) -> None:
        """Drop all parts: the consumer is gone."""
        with self._changed:
            self._parts.clear()
            self.size = 0
            self._changed.notify()

    def _add(self, *parts: bytes | memoryview) -> None:
        with self._changed:
            self.size += sum(map(len, parts))
            self._parts.extend(parts)
        # The event loop may be closed already.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._filled.set)
