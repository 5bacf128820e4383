"""The JSON that the routes answer with. The OpenAPI document has these types; docs/service.md tells what they mean."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Failure(BaseModel):
    """An error: its code, one line for people, and what they can do next."""

    code: str
    message: str
    hint: str | None


class FailureReply(BaseModel):
    """The answer where something is wrong."""

    error: Failure


class Health(BaseModel):
    """Version, process id and load."""

    version: str
    pid: int
    queued: int
    busy: bool


class Schema(BaseModel):
    """The schema of filters, models and options."""

    version: str
    made: float
    watched: list[str]
    filters: list[dict[str, Any]]


class Ticket(BaseModel):
    """What opens the page once."""

    ticket: str
    page: str


class SessionReply(BaseModel):
    """The path of a session."""

    base: str


class FileReply(BaseModel):
    """A picture, a mask or a result."""

    id: str
    name: str
    width: int
    height: int
    format: str
    bits: int
    has_alpha: bool
    bytes: int
    role: str
    source: str
    notes: list[str]
    frames: int


class JobReply(BaseModel):
    """How far a job is."""

    id: str
    file: str
    steps: str
    box: list[int] | None
    state: str
    share: float
    seconds: float
    seconds_left: float | None
    megapixels_per_s: float | None
    result: FileReply | None
    error: Failure | None


class SittingReply(BaseModel):
    """All files and jobs."""

    files: list[FileReply]
    jobs: list[JobReply]


class Saved(BaseModel):
    """What was saved into which folder, and a sentence for each that failed."""

    folder: str
    saved: list[str]
    failed: list[str]


class ModelReply(BaseModel):
    """A model, installed or to be pulled; pull has the share that is there, or the error."""

    name: str
    task: str
    scale: int | None
    megabytes: float | None
    license: str
    non_commercial: bool
    description: str
    installed: bool
    problem: str
    pull: dict[str, Any] | None


class ModelsReply(BaseModel):
    """All models."""

    models: list[ModelReply]


class ImportReply(BaseModel):
    """The name of an imported model, and what was found out about it."""

    name: str
    found: list[str]


class WatchReply(BaseModel):
    """A watched folder, with counts of pictures."""

    id: str
    running: bool
    source: str
    output: str
    recipe: str
    done: int
    failed: int
    waiting: int
    error: str | None


class WatchesReply(BaseModel):
    """All watched folders."""

    watches: list[WatchReply]


class DoctorReply(BaseModel):
    """What this machine can use, and the same in lines for people."""

    ganfx: str
    python: str
    system: str
    packages: dict[str, str]
    providers: list[dict[str, Any]]
    warnings: list[str]
    lines: list[str]
