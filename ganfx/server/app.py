"""The HTTP routes: health, filters, apply, and those of the page (page_routes)."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganfx import __version__
from ganfx.engine import EngineOptions
from ganfx.errors import GanfxError, PictureSizeError, RequestError, ServerError
from ganfx.server.body import RequestBody
from ganfx.server.connections import CONNECTION
from ganfx.server.guard import error_response
from ganfx.server.jobs import Job, JobQueue, validate_options
from ganfx.server.machine_routes import MachineRoutes
from ganfx.server.model_routes import ModelRoutes
from ganfx.server.openapi import as_page, openapi
from ganfx.server.operations import BYTES, operation, routes_of
from ganfx.server.pace import Pace
from ganfx.server.page import HEADERS, PAGE
from ganfx.server.page_routes import PageRoutes
from ganfx.server.replies import Health, Schema
from ganfx.server.schema import describe
from ganfx.server.sitting import Sitting
from ganfx.server.texture_routes import TextureRoutes
from ganfx.server.wire import HEADER_BYTES, LENGTH, Header, encode_message, read_header

# Interval between progress messages while no pixels are ready.
HEARTBEAT_S = 0.25
# Names the client program, for fair queueing; without it each connection counts as a client.
CLIENT_HEADER = "X-Ganfx-Client"
_CLIENT_NAME_LENGTH = 80
_HANDLED = (GanfxError, HTTPException, Exception)
# Max bytes of a pixel and its mask: RGBA as float32, and one byte.
_PIXEL_BYTES = 17


class Service:
    """The routes over a job queue, with files in the state folder `folder`.

    last_used is the time (time.monotonic) of the last request other than health, or of the end of its response.
    """

    def __init__(
        self,
        jobs: JobQueue,
        max_megapixels: float,
        folder: Path,
        engine: EngineOptions = EngineOptions(),  # noqa: B008
    ) -> None:
        self.jobs, self._max_pixels = jobs, int(max_megapixels * 1e6)
        self.last_used = time.monotonic()
        self.page = PageRoutes(jobs, Sitting(folder), self._use)
        self.machine = MachineRoutes(engine, self._use)
        routes = [
            *routes_of(self),
            *self.page.routes,
            *ModelRoutes(self.page.sitting, self._use).routes,
            *TextureRoutes(self.page.sitting, engine, self._use).routes,
            *self.machine.routes,
        ]
        self.operations = [route for route in routes if route.path.startswith("/v1/")]
        self._in_work = 0
        handlers = dict.fromkeys(_HANDLED, _handle_error)
        self.app = Starlette(
            routes=routes,
            exception_handlers=handlers,
            middleware=[Middleware(self._counting)],  # type: ignore[arg-type]
        )

    def _counting(self, app: ASGIApp) -> ASGIApp:
        """The same app, which counts the requests that are in work."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            self._in_work += 1
            try:
                await app(scope, receive, send)
            finally:
                self._in_work -= 1

        return counted

    def _use(self) -> None:
        self.last_used = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether there is neither a request, nor a job, nor a watched folder."""
        return not self._in_work and self.jobs.is_idle and not self.machine.watches.is_running

    @operation("GET", "/v1/health", answer=Health)
    async def health(self, request: Request) -> Response:
        """Version, process id and load."""
        jobs = self.jobs
        return JSONResponse(
            {"version": __version__, "pid": os.getpid(), "queued": jobs.queued_count, "busy": jobs.is_busy}
        )

    @operation("GET", "/v1/filters", answer=Schema)
    def filters(self, request: Request) -> Response:
        """The schema (see ganfx.server.schema)."""
        self.last_used = time.monotonic()
        return JSONResponse(describe())

    @operation("POST", "/v1/apply", body=BYTES, answer=BYTES)
    async def apply(self, request: Request) -> Response:
        """Run a filter on the picture in the body; the response streams messages (see wire)."""
        self.last_used = time.monotonic()
        body = RequestBody(request)
        try:
            job = await self._admit(request, body)
            await self._receive(job, body)
        except GanfxError:
            await body.drain()
            raise
        return _JobResponse(self, job)

    @operation("GET", "/v1/openapi.json", answer="application/json")
    async def openapi(self, request: Request) -> Response:
        """This document, of OpenAPI 3.1."""
        return JSONResponse(openapi(self.operations), headers=HEADERS)

    @operation("GET", "/v1/docs", answer="text/html")
    async def docs(self, request: Request) -> Response:
        """The same as a page."""
        return HTMLResponse(as_page(openapi(self.operations), f"{PAGE}page.css"), headers=HEADERS)

    async def _receive(self, job: Job, body: RequestBody) -> None:
        """Read the pixels of an admitted job and enqueue it."""
        try:
            job.body = await body.read(job.header.body_bytes, lambda count: self.jobs.receive(job, count))
            self.jobs.enqueue(job)
        except BaseException:
            self.jobs.discard(job)
            raise

    async def _admit(self, request: Request, body: RequestBody) -> Job:
        """Validate the header, before any pixels are read."""
        if body.length > self._max_pixels * _PIXEL_BYTES + HEADER_BYTES:
            raise self._size_error()
        (length,) = LENGTH.unpack(await body.read(LENGTH.size))
        if length > HEADER_BYTES:
            raise RequestError(f"the request's header has {length} bytes", hint=f"{HEADER_BYTES} are allowed")
        header = read_header(bytes(await body.read(length)))
        self._check_size(header, body.length - LENGTH.size - length)
        options = await run_in_threadpool(validate_options, header)
        job = Job(header, options, _client_name(request))
        self.jobs.admit(job)
        return job

    def _check_size(self, header: Header, size: int) -> None:
        if header.width * header.height > self._max_pixels:
            raise self._size_error()
        if size != header.body_bytes:
            raise RequestError(f"{size} bytes of pixels were sent, and {header.body_bytes} announced")

    def _size_error(self) -> PictureSizeError:
        hint = "select a part of it, or run: ganfx serve --max-megapixels"
        return PictureSizeError(f"the picture has more than {self._max_pixels / 1e6:g} megapixels", hint=hint)


class _JobResponse(StreamingResponse):
    """Streams a job's messages, with heartbeats in between.

    A client that disconnects cancels the job, and one that reads too slowly is disconnected.
    """

    def __init__(self, service: Service, job: Job) -> None:
        super().__init__(self._messages(), media_type="application/octet-stream")
        self._service, self._job = service, job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pace = Pace()

        async def send_in_time(message: Message) -> None:
            try:
                async with pace.waiting():
                    await send(message)
            except TimeoutError:
                scope["state"][CONNECTION].abort()
            pace.moved(len(message.get("body", b"")))

        try:
            await super().__call__(scope, receive, send_in_time)
        finally:
            self._service.jobs.discard(self._job)
            self._service.last_used = time.monotonic()

    async def _messages(self) -> AsyncIterator[bytes | memoryview]:
        position: int | None = None
        while (part := await self._job.responses.take(HEARTBEAT_S)) != b"":
            if part:
                yield part
                continue
            previous, position = position, self._service.jobs.position(self._job)
            if position is not None and position != previous:
                yield encode_message("queued", ahead=position)
            else:
                yield encode_message("progress", share=round(self._job.share, 4))


def _client_name(request: Request) -> str:
    host, port = request.client or ("", 0)
    return request.headers.get(CLIENT_HEADER, f"{host}:{port}")[:_CLIENT_NAME_LENGTH]


async def _handle_error(request: Request, error: Exception) -> Response:
    if isinstance(error, GanfxError):
        return error_response(error)
    if isinstance(error, HTTPException):
        message = f"{request.method} {request.url.path}: {error.detail.lower()}"
        headers = {"Allow": ", ".join(_methods(request))} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else {}
        return error_response(RequestError(message), error.status_code, headers)
    return error_response(ServerError("the engine broke", hint="see serve.log"))


def _methods(request: Request) -> list[str]:
    """What may be done with the request's path."""
    routes = [route for route in request.app.routes if route.path_regex.match(request.url.path)]
    return sorted({method for route in routes for method in route.methods})
