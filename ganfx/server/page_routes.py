"""The routes for the page in the browser: tickets and sessions, files, jobs and their events."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ganfx.errors import BusyError, GoneError, ItemError, RequestError, TokenError
from ganfx.files.views import view
from ganfx.imaging.picture import Box
from ganfx.server.body import RequestBody, read_json, receive_file
from ganfx.server.file_jobs import RUNNING, WAITING, FileJob
from ganfx.server.job_requests import JobRequest
from ganfx.server.jobs import JobQueue
from ganfx.server.operations import BYTES, operation, routes_of
from ganfx.server.page import HEADERS, PAGE, page_file
from ganfx.server.replies import FileReply, JobReply, SessionReply, SittingReply, Ticket
from ganfx.server.result_routes import ResultRoutes
from ganfx.server.sessions import COOKIE, Sessions
from ganfx.server.sitting import FILE_BYTES, Role, Sitting, suffix_of

_MOST_JOBS = 1000
# Seconds between two looks at the jobs, and between two signs of life to a page.
_LOOK_S, _ALIVE_S = 0.2, 5.0
_MOST_SIDE = 8192
_UPLOAD = {"name": {"type": "string"}, "role": {"enum": ["picture", "mask"]}}
_VIEW = {"side": {"type": "integer", "minimum": 1, "maximum": _MOST_SIDE}, "box": {"type": "string"}}


class TicketRequest(BaseModel):
    """The ticket in the fragment of the page's address."""

    model_config = ConfigDict(strict=True, extra="forbid")

    ticket: str


class PageRoutes:
    """The routes over a sitting and a job queue; `used` is called with each sign of use."""

    def __init__(self, jobs: JobQueue, sitting: Sitting, used: Callable[[], None]) -> None:
        self.sessions, self.sitting = Sessions(), sitting
        self._queue, self._used = jobs, used
        self._jobs: dict[str, FileJob] = {}
        self.routes = [
            Route(PAGE + "{name}", page_file, methods=["GET"]),
            Route(PAGE, page_file, methods=["GET"]),
            *routes_of(self),
            *ResultRoutes(lambda: list(self._jobs.values()), used).routes,
        ]

    @operation("POST", "/v1/tickets", answer=Ticket)
    async def ticket(self, request: Request) -> Response:
        """A ticket for the page's address."""
        return JSONResponse({"ticket": self.sessions.ticket(), "page": PAGE})

    @operation("POST", "/v1/sessions", body=TicketRequest, answer=SessionReply)
    async def session(self, request: Request) -> Response:
        """A ticket becomes a session."""
        asked = await read_json(request, TicketRequest)
        session = self.sessions.begin(asked.ticket)
        if session is None:
            raise TokenError("this address was used already, or is too old", hint="start it anew: ganfx ui")
        path, cookie = session
        response = JSONResponse({"base": PAGE + path}, headers=HEADERS)
        response.set_cookie(COOKIE, cookie, path=PAGE + path, httponly=True, samesite="strict")
        return response

    @operation("GET", "/v1/sitting", answer=SittingReply)
    async def state(self, request: Request) -> Response:
        """All files and jobs."""
        self._used()
        files = [file.as_json() for file in self.sitting.files()]
        return JSONResponse({"files": files, "jobs": [job.as_json() for job in self._jobs.values()]})

    @operation("POST", "/v1/files", body=BYTES, answer=FileReply, status=201, query=_UPLOAD)
    async def upload(self, request: Request) -> Response:
        """The body is a picture file."""
        self._used()
        body, name = RequestBody(request), request.query_params.get("name", "picture")
        role = request.query_params.get("role", Role.PICTURE)
        if role not in (Role.PICTURE, Role.MASK):
            await body.drain()
            raise RequestError("role is neither picture nor mask")
        id_, path = self.sitting.new_path(suffix_of(name))
        await receive_file(body, path, FILE_BYTES)
        try:
            added = await run_in_threadpool(self.sitting.add, id_, path, name, Role(role))
        except ItemError as error:
            error.subject = None  # the page knows it by another name
            raise
        return JSONResponse(added.as_json(), 201)

    @operation("GET", "/v1/files/{id}", answer=BYTES)
    async def download(self, request: Request) -> Response:
        """The file itself, to be saved."""
        self._used()
        file = self.sitting.find(request.path_params["id"])
        disposition = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return FileResponse(
            file.path, media_type="application/octet-stream", headers=HEADERS | {"Content-Disposition": disposition}
        )

    @operation("DELETE", "/v1/files/{id}", status=204)
    async def remove(self, request: Request) -> Response:
        """The file, and what is known of its jobs."""
        id_ = request.path_params["id"]
        self.sitting.remove(id_)
        for job in [job for job in self._jobs.values() if job.source.id == id_]:
            self._stop(job)
            del self._jobs[job.id]
        return Response(status_code=204)

    @operation("GET", "/v1/files/{id}/view", answer="image/*", query=_VIEW)
    async def view(self, request: Request) -> Response:
        """As browsers show it, with no side longer than N."""
        file = self.sitting.find(request.path_params["id"])
        (side,) = _numbers(request, "side", 1) or (1600,)
        if not 0 < side <= _MOST_SIDE:
            raise RequestError(f"side is not a number from 1 to {_MOST_SIDE}")
        at = _numbers(request, "box", 4)
        box = Box(at[0], at[1], at[0] + at[2], at[1] + at[3]) if at else None
        data, kind = await run_in_threadpool(view, file.path, side, box=box, is_own=file.role is Role.RESULT)
        return Response(data, media_type=kind, headers=HEADERS | {"Cache-Control": "private, max-age=3600"})

    @operation("POST", "/v1/jobs", body=JobRequest, answer=JobReply, status=201)
    async def start(self, request: Request) -> Response:
        """A picture through a filter."""
        self._used()
        asked = await read_json(request, JobRequest)
        if sum(job.state in (WAITING, RUNNING) for job in self._jobs.values()) >= _MOST_JOBS:
            raise BusyError(f"{_MOST_JOBS} pictures are waiting already", hint="try again in a while")
        job = await run_in_threadpool(FileJob, secrets.token_urlsafe(9), asked, self.sitting, "page")
        self._queue.enqueue(job)
        self._jobs[job.id] = job
        return JSONResponse(job.as_json(), 201)

    @operation("GET", "/v1/jobs/{id}", answer=JobReply)
    async def job(self, request: Request) -> Response:
        """How far it is."""
        return JSONResponse(self._find(request).as_json())

    @operation("DELETE", "/v1/jobs/{id}", status=204)
    async def cancel(self, request: Request) -> Response:
        """Stop it."""
        self._stop(self._find(request))
        return Response(status_code=204)

    def _stop(self, job: FileJob) -> None:
        job.cancel()
        self._queue.discard(job)

    @operation("GET", "/v1/events", answer="text/event-stream")
    async def events(self, request: Request) -> Response:
        """Each job's state at first, and whenever it changes, as server-sent events."""
        return StreamingResponse(self._events(), media_type="text/event-stream", headers=HEADERS)

    async def _events(self) -> AsyncIterator[str]:
        told: dict[str, str] = {}
        alive = 0.0
        while True:
            self._used()
            for job in list(self._jobs.values()):
                text = json.dumps(job.as_json())
                if told.get(job.id) != text:
                    told[job.id] = text
                    yield f"data: {text}\n\n"
            if time.monotonic() - alive > _ALIVE_S:
                alive = time.monotonic()
                yield ": alive\n\n"
            await asyncio.sleep(_LOOK_S)

    def _find(self, request: Request) -> FileJob:
        if job := self._jobs.get(request.path_params["id"]):
            return job
        raise GoneError("there is no such job")


def _numbers(request: Request, name: str, count: int) -> list[int]:
    """The `count` numbers from 0 up in a parameter, separated by commas; none without it. Raises RequestError."""
    text = request.query_params.get(name)
    if text is None:
        return []
    words = text.split(",")
    if len(words) != count or not all(word.isascii() and word.isdecimal() and len(word) < 10 for word in words):
        raise RequestError(f"{name} is not {count} numbers with commas between them")
    return [int(word) for word in words]
