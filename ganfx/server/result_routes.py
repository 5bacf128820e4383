"""The routes for all results at once: as a ZIP, and into a folder that the user names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from ganfx.atomic import copy_file
from ganfx.errors import GanfxError, RequestError
from ganfx.server.archive import distinct, zipped
from ganfx.server.body import read_json
from ganfx.server.file_jobs import FileJob
from ganfx.server.operations import operation, routes_of
from ganfx.server.page import HEADERS
from ganfx.server.replies import Saved
from ganfx.server.sitting import SittingFile


class SaveRequest(BaseModel):
    """Where to save the results.

    folder   an absolute path, or one that begins with ~; it is made where it is not there
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    folder: str = Field(min_length=1, max_length=4096)


class ResultRoutes:
    """The routes over the jobs of a sitting, oldest first; `used` is called with each sign of use."""

    def __init__(self, jobs: Callable[[], list[FileJob]], used: Callable[[], None]) -> None:
        self._jobs, self._used = jobs, used
        self.routes = routes_of(self)

    @operation("GET", "/v1/results", answer="application/zip")
    async def archive(self, request: Request) -> Response:
        """The newest result of each picture, in a ZIP."""
        self._used()
        files = self._newest()
        names = distinct(file.name for file in files)
        headers = HEADERS | {"Content-Disposition": 'attachment; filename="ganfx.zip"'}
        data = zipped(zip(names, (file.path for file in files), strict=True))
        return StreamingResponse(data, media_type="application/zip", headers=headers)

    @operation("POST", "/v1/results/save", body=SaveRequest, answer=Saved)
    async def save(self, request: Request) -> Response:
        """The newest result of each picture into a folder, where none replaces a file."""
        self._used()
        asked = await read_json(request, SaveRequest)
        return JSONResponse(await run_in_threadpool(_saved, self._newest(), folder_of(asked.folder)))

    def _newest(self) -> list[SittingFile]:
        newest = {job.source.id: job.result for job in self._jobs() if job.result and not job.is_preview}
        return list(newest.values())


def path_of(text: str) -> Path:
    """The path that the user names. Raises RequestError where it is not a whole one."""
    path = Path(os.path.expanduser(text.strip()))
    if not path.is_absolute() or "\0" in text:
        raise RequestError("that is not the whole path of a folder", hint="write it as in ~/Pictures/large")
    return path


def folder_of(text: str) -> Path:
    """The folder that the user names, made where it is not there. Raises RequestError."""
    folder = path_of(text)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise RequestError(f"the folder cannot be made: {text}", hint="name one inside a folder of yours") from error
    return folder


def _saved(files: list[SittingFile], folder: Path) -> dict[str, object]:
    """What was saved: the folder, the names, and a sentence for each that failed."""
    saved, failed = list[str](), list[str]()
    for file, name in zip(files, distinct((file.name for file in files), os.listdir(folder)), strict=True):
        try:
            with file.path.open("rb") as source:
                copy_file(source, folder / name, overwrite=False, below=folder)
            saved.append(name)
        except (GanfxError, OSError) as error:
            failed.append(f"{name}: {error}")
    return {"folder": str(folder), "saved": saved, "failed": failed}
