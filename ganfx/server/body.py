"""What a request brings, read piece by piece and never more than it announces."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.requests import ClientDisconnect, Request

from ganfx.errors import RequestError

# How long a client may fall silent in the middle of what it sends.
_SILENCE_S = 30.0
# A refused client sends on until it reads: it is let finish, so that it does read why, but not for ever.
_DRAIN_S, _DRAIN_SILENCE_S = 20.0, 0.25


class Body:
    """The body of `request`, of `length` bytes. Raises RequestError where its length is not said."""

    def __init__(self, request: Request) -> None:
        said = request.headers.get("content-length", "")
        if not said.isdecimal():
            raise RequestError("the request does not say its length", hint="send Content-Length")
        self.length = int(said)
        self._chunks = aiter(request.stream())
        self._rest = memoryview(b"")

    async def read(self, count: int) -> bytearray:
        """The next `count` bytes. Raises RequestError where there are fewer, or the client falls silent."""
        found, at = bytearray(count), 0
        while at < count:
            part = (self._rest or await self._next(_SILENCE_S))[: count - at]
            found[at : at + len(part)] = part
            at, self._rest = at + len(part), self._rest[len(part) :]
        return found

    async def drain(self) -> None:
        """Take what the client still sends, and drop it."""
        with contextlib.suppress(TimeoutError, RequestError):
            async with asyncio.timeout(_DRAIN_S):
                while True:
                    await self._next(_DRAIN_SILENCE_S)

    async def _next(self, patience_s: float) -> memoryview:
        try:
            async with asyncio.timeout(patience_s):
                self._rest = memoryview(await anext(self._chunks))
        except (StopAsyncIteration, ClientDisconnect, TimeoutError) as error:
            raise RequestError("the request ended before all of it was there") from error
        return self._rest
