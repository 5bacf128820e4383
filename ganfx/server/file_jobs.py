"""Jobs on files of a sitting: the same work as on the command line, byte for byte."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat

from ganfx import pipeline
from ganfx.batch.items import Item
from ganfx.batch.making import way_to_make
from ganfx.batch.process import WritePolicy
from ganfx.batch.stage_limits import StageSlot
from ganfx.engine import CancelToken, EngineOptions
from ganfx.errors import GanfxError, MaskError, OptionError
from ganfx.files import SaveOptions, format_for, writable_suffix
from ganfx.filters import find_filter
from ganfx.server.jobs import given_options
from ganfx.server.sitting import Sitting, SittingFile
from ganfx.text import Detail

WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"


class JobRequest(BaseModel):
    """What to do with a picture of the sitting; unknown fields are refused.

    file      id of the picture
    filter    name of the filter
    model     name of the model; null: the filter's default
    options   values by name, as in the schema
    format    suffix of the result without its dot, such as png; null: the picture's own
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    file: str
    filter: str
    model: str | None = None
    options: dict[str, bool | int | FiniteFloat | str | list[str]] = {}
    format: str | None = None


class FileJob:
    """One picture through one filter. Raises OptionError, MaskError, ModelError or OutputError where that cannot be.

    id      names it in requests
    state   one of waiting, running, done, failed, stopped
    share   fraction of the work that is done, 0 to 1
    result  the finished picture; None before
    error   why it failed
    """

    body_bytes = unread_bytes = 0

    def __init__(self, id_: str, request: JobRequest, sitting: Sitting, client: str) -> None:
        self.id, self.client, self.cancel_token = id_, client, CancelToken()
        self.source = sitting.find(request.file)
        self._request, self._sitting = request, sitting
        self._options = _checked(request)
        self._suffix = f".{request.format}" if request.format else writable_suffix(self.source.path)
        format_for(Path(f"result{self._suffix}"))
        self.state, self.share, self.megapixels = WAITING, 0.0, 0.0
        self.result: SittingFile | None = None
        self.error: GanfxError | None = None
        self._started = self._ended = 0.0

    def __str__(self) -> str:
        return f"{self._request.filter} of a file of {self.source.width}x{self.source.height}"

    def make(self, engine: EngineOptions) -> None:
        """Write the result. Raises GanfxError."""
        self.state, self._started = RUNNING, time.monotonic()
        bound = pipeline.load_filter(self._request.filter, self._options, model=self._request.model, engine=engine)
        id_, path = self._sitting.new_path(self._suffix)
        item, chain = Item(self.source.path, path), pipeline.Chain((bound,))
        with contextlib.ExitStack() as stack:
            make = way_to_make(item, stack)
            outcome = make(item, chain, SaveOptions(), WritePolicy(), StageSlot(None, self._report))
        name = f"{Path(self.source.name).stem}_{chain.suffix}{self._suffix}"
        notes = tuple(note for note in outcome.notes if not isinstance(note, Detail))
        self.result = self._sitting.add(id_, path, name, source=self.source.id, notes=notes)

    def _report(self, share: float, megapixels: float, frames: int) -> None:
        self.cancel_token.check()
        self.share, self.megapixels = share, megapixels

    def close(self) -> None:
        """Nothing is kept for the client but the state."""

    def finish(self, error: GanfxError | None) -> None:
        """Note the end: `error`, or None where it is done."""
        self._ended, self.error = time.monotonic(), error
        self.state = DONE if error is None else STOPPED if self.cancel_token.cancelled else FAILED

    def cancel(self) -> None:
        """Stop it, whether it waits or runs."""
        self.cancel_token.cancel()
        if self.state == WAITING:
            self.state = STOPPED

    def as_json(self) -> dict[str, Any]:
        """The state as plain data, with seconds spent and, as far as that is known, left."""
        spent = (self._ended or time.monotonic()) - self._started if self._started else 0.0
        left = spent / self.share * (1 - self.share) if self.share and self.state == RUNNING else None
        return {
            "id": self.id,
            "file": self.source.id,
            "state": self.state,
            "share": round(self.share, 4),
            "seconds": round(spent, 2),
            "seconds_left": None if left is None else round(left, 1),
            "megapixels_per_s": round(self.share * self.megapixels / spent, 3) if spent else None,
            "result": self.result and self.result.as_json(),
            "error": self.error and {"code": self.error.code, "message": self.error.message, "hint": self.error.hint},
        }


def _checked(request: JobRequest) -> Any:
    filter_ = find_filter(request.filter)
    if filter_.needs_mask:
        raise MaskError(f"{filter_.name} needs a mask", hint="the page has no brush yet: use the command or a plug-in")
    given = given_options(filter_, request.model, request.options)
    if request.format is not None and not request.format.isalnum():
        raise OptionError(f"format: {request.format!r} is not a suffix")
    return pipeline.check_filter(request.filter, given, model=request.model)
