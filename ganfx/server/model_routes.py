"""The routes for models: what there is, pulled with progress, and imported from a file that is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ganfx.errors import GanfxError, OptionError, RequestError
from ganfx.hub import ModelEntry, import_model, list_models
from ganfx.hub.pulling import check_pull, download_entry, fetch, install
from ganfx.server.body import RequestBody, read_json, receive_file
from ganfx.server.operations import BYTES, operation, routes_of
from ganfx.server.page import HEADERS
from ganfx.server.replies import ImportReply, ModelReply, ModelsReply
from ganfx.server.sitting import Sitting, shown_name

MODEL_BYTES = 2 << 30


class PullRequest(BaseModel):
    """Which model of the catalogue to pull.

    name             its name
    accept_license   whether a license that forbids commercial use is accepted
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    accept_license: bool = False


class ModelRoutes:
    """The routes; `used` is called with each sign of use, and files that are sent lie in the sitting's folder."""

    def __init__(self, sitting: Sitting, used: Callable[[], None]) -> None:
        self._sitting, self._used = sitting, used
        # What is being pulled, or failed: the share that is there, and a sentence for what went wrong.
        self._pulls: dict[str, dict[str, Any]] = {}
        self.routes = routes_of(self)

    @operation("GET", "/v1/models", answer=ModelsReply)
    async def list(self, request: Request) -> Response:
        """All models, those to be pulled last."""
        self._used()
        entries = await run_in_threadpool(list_models)
        return JSONResponse({"models": [self._as_json(entry) for entry in entries]}, headers=HEADERS)

    @operation("POST", "/v1/models", body=BYTES, answer=ImportReply, status=201, query={"name": {"type": "string"}})
    async def add(self, request: Request) -> Response:
        """The body is a model of somebody else's, which is examined and imported."""
        self._used()
        body, name = RequestBody(request), shown_name(request.query_params.get("name", "model.onnx"))
        if body.length == 0:
            raise RequestError("there is no model in the request")
        _, path = self._sitting.new_path(Path(name).suffix[:12])
        try:
            await receive_file(body, path, MODEL_BYTES)
            return JSONResponse(await run_in_threadpool(_imported, path, Path(name).stem), 201)
        finally:
            path.unlink(missing_ok=True)

    @operation("POST", "/v1/models/pulls", body=PullRequest, answer=ModelReply, status=202)
    async def pull(self, request: Request) -> Response:
        """Fetch a model of the catalogue; its state is in the list."""
        self._used()
        asked = await read_json(request, PullRequest)
        entry = await run_in_threadpool(download_entry, asked.name)
        if "error" not in self._pulls.get(entry.name, {"error": None}):
            raise OptionError(f"{entry.name} is being pulled already")
        check_pull(entry, accept_license=asked.accept_license)
        self._pulls[entry.name] = {"share": 0.0}
        threading.Thread(target=self._fetch, args=(entry,), name="ganfx-pull", daemon=True).start()
        return JSONResponse(self._as_json(entry), 202)

    def _fetch(self, entry: ModelEntry) -> None:
        def told(done: int, total: int) -> None:
            self._used()
            self._pulls[entry.name] = {"share": round(done / max(total, 1), 4)}

        try:
            install(entry, fetch(entry, progress=told))
            del self._pulls[entry.name]
        except GanfxError as error:
            self._pulls[entry.name] = {"share": 0.0, "error": " ".join(filter(None, [f"{error}.", error.hint]))}

    def _as_json(self, entry: ModelEntry) -> dict[str, Any]:
        return {
            "name": entry.name,
            "task": entry.task,
            "scale": entry.scale,
            "megabytes": round(entry.size_bytes / 1e6, 1) if entry.size_bytes else None,
            "license": entry.license,
            "non_commercial": entry.non_commercial,
            "description": entry.description,
            "installed": entry.installed,
            "problem": entry.problem or entry.refused,
            "pull": self._pulls.get(entry.name),
        }


def _imported(path: Path, name: str) -> dict[str, Any]:
    """What became of the file at `path`: the model's name, and what was found out about it."""
    found = list[str]()
    try:
        model = import_model(path, name=name, report=lambda fact: found.append(f"{fact.what}: {fact.value}"))
    except GanfxError as error:
        # The page knows the file by its own name.
        raise type(error)(error.message.replace(str(path), name), hint=error.hint) from error
    return {"name": model.stem, "found": found}
