"""The routes for what goes on beside the page's pictures: watched folders, and what this machine can use."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ganfx.devices import device_findings, device_lines
from ganfx.engine import EngineOptions
from ganfx.server.body import read_json
from ganfx.server.job_requests import StepRequest, steps_text
from ganfx.server.operations import operation, routes_of
from ganfx.server.page import HEADERS
from ganfx.server.replies import DoctorReply, WatchesReply, WatchReply
from ganfx.server.result_routes import folder_of, path_of
from ganfx.server.watches import Watches

_log = logging.getLogger(__name__)


class WatchRequest(BaseModel):
    """A folder to be watched.

    source   the folder that pictures come into: its whole path, or one that begins with ~
    output   the folder for the results
    steps    what to do with each; none: what it needs
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    source: str = Field(min_length=1, max_length=4096)
    output: str = Field(min_length=1, max_length=4096)
    steps: list[StepRequest] = Field([], max_length=16)


class MachineRoutes:
    """The routes; `engine` is what watched folders compute with, `used` is called with each sign of use."""

    def __init__(self, engine: EngineOptions, used: Callable[[], None]) -> None:
        self._engine, self._used = engine, used
        self.watches = Watches(lambda line: _log.info("%s", line))
        self.routes = routes_of(self)

    @operation("GET", "/v1/watches", answer=WatchesReply)
    async def list(self, request: Request) -> Response:
        """The folders that are watched."""
        self._used()
        return JSONResponse({"watches": self.watches.as_json()}, headers=HEADERS)

    @operation("POST", "/v1/watches", body=WatchRequest, answer=WatchReply, status=201)
    async def start(self, request: Request) -> Response:
        """Watch a folder while the service runs, which then does not end by itself."""
        self._used()
        asked = await read_json(request, WatchRequest)
        source, output = path_of(asked.source), folder_of(asked.output)
        steps = await run_in_threadpool(steps_text, asked.steps)
        watch = await run_in_threadpool(self.watches.start, str(source), str(output), steps, self._engine)
        return JSONResponse(watch.as_json(), 201)

    @operation("DELETE", "/v1/watches/{id}", status=204)
    async def stop(self, request: Request) -> Response:
        """Stop it; one that has ended is forgotten."""
        self.watches.stop(request.path_params["id"])
        return Response(status_code=204)

    @operation("GET", "/v1/doctor", answer=DoctorReply)
    async def doctor(self, request: Request) -> Response:
        """What this machine can use, as data and in lines for people."""
        self._used()
        findings = await run_in_threadpool(device_findings)
        return JSONResponse({**findings, "lines": list(device_lines(findings))}, headers=HEADERS)
