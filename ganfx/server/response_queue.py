"""From a thread that works to the event loop that sends."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

from ganfx.errors import ServerError

# Made and not yet sent, of one answer: after that, the work waits for the reader, and not for ever.
ROOM_BYTES = 64 << 20
PATIENCE_S = 30.0


class ResponseQueue:
    """Messages in their order, none of them empty; made in the event loop that takes them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._filled = asyncio.Event()
        self._parts: deque[bytes | memoryview] = deque()
        self._changed = threading.Condition()
        self._held = 0

    def put(self, *parts: bytes | memoryview) -> None:
        """Add a message in parts, once there is room. Raises ServerError where nobody takes any for a long time."""
        with self._changed:
            while self._held > ROOM_BYTES:
                before = self._held
                if not self._changed.wait(PATIENCE_S) and self._held == before:
                    raise ServerError("nobody reads the answer")
        self._add(*parts)

    def finish(self, message: bytes) -> None:
        """Add the last message, at once."""
        self._add(message, b"")

    async def take(self, timeout_s: float) -> bytes | memoryview | None:
        """The next part of a message, empty after the last, None where there is none for so long."""
        if not self._parts and not await self._filling(timeout_s):
            return None
        with self._changed:
            part = self._parts.popleft()
            self._held -= len(part)
            self._changed.notify()
        return part

    async def _filling(self, timeout_s: float) -> bool:
        """Whether a part comes in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._parts:
                    self._filled.clear()
                    await self._filled.wait()
        return bool(self._parts)

    def close(self) -> None:
        """Let go of all: nobody takes any more."""
        with self._changed:
            self._parts.clear()
            self._held = 0
            self._changed.notify()

    def _add(self, *parts: bytes | memoryview) -> None:
        with self._changed:
            self._held += sum(map(len, parts))
            self._parts.extend(parts)
        # No loop, no reader.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._filled.set)
