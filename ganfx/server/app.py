"""The service in HTTP: health, filters, apply."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ganfx import __version__
from ganfx.errors import GanfxError, PictureSizeError, RequestError, ServerError
from ganfx.server.body import Body
from ganfx.server.guard import refusal
from ganfx.server.jobs import Job, Jobs, checked_options
from ganfx.server.schema import describe
from ganfx.server.wire import HEADER_BYTES, LENGTH, Header, message, read_header

HEARTBEAT_S = 0.25
# The header in which a program says which one it is, the same in all its requests.
CLIENT = "X-Ganfx-Client"
_HANDLED = (GanfxError, HTTPException, Exception)
# Bytes that a pixel and its mask may have.
_PIXEL_BYTES = 17


class Service:
    """The routes, over `jobs`; `used` is when something was last asked for (of time.monotonic), health aside."""

    def __init__(self, jobs: Jobs, max_megapixels: float) -> None:
        self.jobs, self._max_pixels = jobs, int(max_megapixels * 1e6)
        self.used = time.monotonic()
        routes = [
            Route("/v1/health", self.health, methods=["GET"]),
            Route("/v1/filters", self.filters, methods=["GET"]),
            Route("/v1/apply", self.apply, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes, exception_handlers=dict.fromkeys(_HANDLED, _refused))

    async def health(self, request: Request) -> Response:
        """How the service is."""
        jobs = self.jobs
        said = {"version": __version__, "pid": os.getpid(), "queued": jobs.queued, "busy": jobs.busy}
        return JSONResponse(said)

    def filters(self, request: Request) -> Response:
        """What can be asked for."""
        self.used = time.monotonic()
        return JSONResponse(describe())

    async def apply(self, request: Request) -> Response:
        """A picture through a filter; the answer's messages go out as they come."""
        self.used = time.monotonic()
        body = Body(request)
        try:
            job = await self._admitted(request, body)
        except GanfxError:
            await body.drain()
            raise
        try:
            job.body = await body.read(job.header.body_bytes)
            self.jobs.add(job)
        except BaseException:
            self.jobs.leave(job)
            raise
        return _Answer(self, job)

    async def _admitted(self, request: Request, body: Body) -> Job:
        """The job that `request` asks for, with room for its pixels, none of which are read yet."""
        if body.length > self._max_pixels * _PIXEL_BYTES + HEADER_BYTES:
            raise self._too_large()
        (length,) = LENGTH.unpack(await body.read(LENGTH.size))
        if length > HEADER_BYTES:
            raise RequestError(f"the request's header has {length} bytes", hint=f"{HEADER_BYTES} are allowed")
        header = read_header(bytes(await body.read(length)))
        self._check_size(header, body.length - LENGTH.size - length)
        options = await run_in_threadpool(checked_options, header)
        job = Job(header, options, _client(request))
        self.jobs.admit(job)
        return job

    def _check_size(self, header: Header, size: int) -> None:
        if header.width * header.height > self._max_pixels:
            raise self._too_large()
        if size != header.body_bytes:
            raise RequestError(f"{size} bytes of pixels were sent, and {header.body_bytes} announced")

    def _too_large(self) -> PictureSizeError:
        hint = "select a part of it, or run: ganfx serve --max-megapixels"
        return PictureSizeError(f"the picture has more than {self._max_pixels / 1e6:g} megapixels", hint=hint)


class _Answer(StreamingResponse):
    """What comes of a job, with a word now and then while nothing does. Closed early, it stops the job."""

    def __init__(self, service: Service, job: Job) -> None:
        super().__init__(self._messages(), media_type="application/octet-stream")
        self._service, self._job = service, job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._service.jobs.leave(self._job)
            self._service.used = time.monotonic()

    async def _messages(self) -> AsyncIterator[bytes | memoryview]:
        ahead: int | None = None
        while (made := await self._job.responses.take(HEARTBEAT_S)) != b"":
            if made:
                yield made
                continue
            before, ahead = ahead, self._service.jobs.ahead(self._job)
            if ahead is not None and ahead != before:
                yield message("queued", ahead=ahead)
            else:
                yield message("progress", share=round(self._job.share, 4))


def _client(request: Request) -> str:
    """Whose turn a request takes: a program's, where it says which one, or that of its connection."""
    host, port = request.client or ("", 0)
    return request.headers.get(CLIENT, f"{host}:{port}")[:80]


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, GanfxError):
        return refusal(error)
    if isinstance(error, HTTPException):
        return refusal(RequestError(f"{request.method} {request.url.path}: {error.detail.lower()}"), error.status_code)
    return refusal(ServerError("the engine broke", hint="see serve.log"))
