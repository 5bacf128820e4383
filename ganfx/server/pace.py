"""How slowly a client may send a body or read an answer, so that none holds its place for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

# A client may be silent for so long, and has to move so many bytes a second on average.
SILENCE_S = 30.0
BYTES_PER_S = 1 << 20


class Pace:
    """The time that one client has left: at most SILENCE_S; waiting uses it up, and bytes that moved give it back."""

    def __init__(self) -> None:
        self._left_s = SILENCE_S

    @contextlib.asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Limits the block, in which nothing but waiting for the client happens. Raises TimeoutError."""
        started = asyncio.get_running_loop().time()
        async with asyncio.timeout(self._left_s):
            yield
        self._left_s -= asyncio.get_running_loop().time() - started

    def moved(self, count: int) -> None:
        """Count `count` bytes that the client sent or read."""
        self._left_s = min(SILENCE_S, self._left_s + count / BYTES_PER_S)
