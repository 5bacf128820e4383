"""Incremental reading of a request's body, bounded by its Content-Length."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.requests import ClientDisconnect, Request

from ganfx.errors import RequestError

# Max time without data while reading a body.
_READ_TIMEOUT_S = 30.0
# Limits for reading the rest of a refused request: many clients read the response only after they have sent all.
_DRAIN_TIMEOUT_S, _DRAIN_IDLE_S = 20.0, 0.25


class RequestBody:
    """The body of a request. length is its Content-Length. Raises RequestError without a valid one."""

    def __init__(self, request: Request) -> None:
        content_length = request.headers.get("content-length", "")
        if not content_length.isdecimal():
            raise RequestError("the request does not say its length", hint="send Content-Length")
        self.length = int(content_length)
        self._chunks = aiter(request.stream())
        self._rest = memoryview(b"")

    async def read(self, count: int) -> bytearray:
        """The next `count` bytes. Raises RequestError if the body ends earlier or the client times out."""
        data, filled = bytearray(count), 0
        while filled < count:
            part = (self._rest or await self._next_chunk(_READ_TIMEOUT_S))[: count - filled]
            data[filled : filled + len(part)] = part
            filled, self._rest = filled + len(part), self._rest[len(part) :]
        return data

    async def drain(self) -> None:
        """Read and discard the rest of the body, within the drain limits."""
        with contextlib.suppress(TimeoutError, RequestError):
            async with asyncio.timeout(_DRAIN_TIMEOUT_S):
                while True:
                    await self._next_chunk(_DRAIN_IDLE_S)

    async def _next_chunk(self, timeout_s: float) -> memoryview:
        try:
            async with asyncio.timeout(timeout_s):
                self._rest = memoryview(await anext(self._chunks))
        except (StopAsyncIteration, ClientDisconnect, TimeoutError) as error:
            raise RequestError("the request ended before all of it was there") from error
        return self._rest
