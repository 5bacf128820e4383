"""Incremental reading of a request's body, bounded by its Content-Length and in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from ganfx.errors import GanfxError, RequestError
from ganfx.server.pace import Pace

# Limits for reading the rest of a refused request: many clients read the response only after they have sent all.
DRAIN_S, _DRAIN_IDLE_S = 20.0, 0.25
_JSON_BYTES, _CHUNK = 1 << 16, 1 << 20
_Asked = TypeVar("_Asked", bound=BaseModel)


class RequestBody:
    """The body of a request. length is its Content-Length. Raises RequestError without a valid one."""

    def __init__(self, request: Request) -> None:
        content_length = request.headers.get("content-length", "")
        if not (content_length.isascii() and content_length.isdecimal()):
            raise RequestError("the request does not say its length", hint="send Content-Length")
        self.length = int(content_length)
        self._chunks = aiter(request.stream())
        self._rest = memoryview(b"")
        self._pace = Pace()

    async def read(self, count: int, on_arrival: Callable[[int], None] = lambda count: None) -> bytearray:
        """The next `count` bytes; takes no memory for those that have not come.

        `on_arrival` is called with the size of each part before it is kept. Raises RequestError if the body ends
        earlier or the client is too slow, and what `on_arrival` raises.
        """
        data = bytearray()
        while len(data) < count:
            part = (self._rest or await self._next_chunk())[: count - len(data)]
            on_arrival(len(part))
            data += part
            self._rest = self._rest[len(part) :]
        return data

    async def drain(self) -> None:
        """Read and discard the rest of the body, within the drain limits."""
        with contextlib.suppress(TimeoutError, RequestError):
            async with asyncio.timeout(DRAIN_S):
                while True:
                    async with asyncio.timeout(_DRAIN_IDLE_S):
                        await self._next_chunk()

    async def _next_chunk(self) -> memoryview:
        try:
            async with self._pace.waiting():
                self._rest = memoryview(await anext(self._chunks))
        except (StopAsyncIteration, ClientDisconnect) as error:
            raise RequestError("the request ended before all of it was there") from error
        except TimeoutError as error:
            raise RequestError("the request came too slowly", hint="send it again") from error
        self._pace.moved(len(self._rest))
        return self._rest


async def receive_file(body: RequestBody, path: Path, most_bytes: int) -> None:
    """Write the body to the new file at `path`. Raises RequestError, and leaves no file then."""
    try:
        if body.length > most_bytes:
            raise RequestError(f"files of more than {most_bytes >> 20} MiB are not taken")
        try:
            with path.open("xb") as file:
                for at in range(0, body.length, _CHUNK):
                    file.write(await body.read(min(_CHUNK, body.length - at)))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except GanfxError:
        await body.drain()
        raise


async def read_json(request: Request, kind: type[_Asked]) -> _Asked:
    """The body as JSON. Raises RequestError."""
    body = RequestBody(request)
    if body.length > _JSON_BYTES:
        raise RequestError(f"the request has {body.length} bytes", hint=f"{_JSON_BYTES} are allowed")
    try:
        return kind.model_validate_json(bytes(await body.read(body.length)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        line = " ".join(f"{'.'.join(map(str, first['loc']))} {first['msg']}".split())
        raise RequestError(f"the request is wrong: {line[:200]}") from error
