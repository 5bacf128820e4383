"""Jobs on files of a sitting: the same work as on the command line, byte for byte; and previews of a part."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from ganfx import pipeline
from ganfx.batch.items import Item
from ganfx.batch.making import way_to_make
from ganfx.batch.process import WritePolicy
from ganfx.batch.recipes import Recipe
from ganfx.batch.stage_limits import StageSlot
from ganfx.engine import CancelToken, EngineOptions
from ganfx.errors import GanfxError
from ganfx.files import MaskSource, SaveOptions, open_reader, save_picture, writable_suffix
from ganfx.imaging.picture import Box
from ganfx.server.job_requests import JobRequest
from ganfx.server.sitting import Role, Sitting, SittingFile
from ganfx.text import Detail

WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"


class FileJob:
    """One picture through its steps. Raises OptionError, MaskError, ModelError or OutputError where that cannot be.

    id           names it in requests
    is_preview   whether only a part is made, to be looked at
    client       previews go ahead of whole pictures: they count as another client of the queue
    state        one of waiting, running, done, failed, stopped
    share        fraction of the work that is done, 0 to 1
    result       the finished picture; None before
    error        why it failed
    """

    body_bytes = unread_bytes = 0

    def __init__(self, id_: str, request: JobRequest, sitting: Sitting, client: str) -> None:
        self.source = sitting.find(request.file)
        self._mask = MaskSource(sitting.find(request.mask).path) if request.mask else None
        self._box = request.part_of(self.source.width, self.source.height)
        self.is_preview = self._box is not None
        self.id, self.cancel_token = id_, CancelToken()
        self.client = f"{client}, previews" if self._box else client
        self._request, self._sitting, self._steps = request, sitting, request.checked_steps()
        self._suffix = request.checked_suffix(writable_suffix(self.source.path, alpha=Recipe(self._steps).adds_alpha))
        self.state, self.share, self.megapixels = WAITING, 0.0, 0.0
        self.result: SittingFile | None = None
        self.error: GanfxError | None = None
        self._started = self._ended = 0.0

    def __str__(self) -> str:
        what = ", ".join(step.filter for step in self._steps) or "what it needs"
        part = f" in {self._box.width}x{self._box.height}" if self._box else ""
        return f"{what} of a file of {self.source.width}x{self.source.height}{part}"

    def make(self, engine: EngineOptions) -> None:
        """Write the result. Raises GanfxError."""
        self.state, self._started = RUNNING, time.monotonic()
        chooser = Recipe(self._steps).open(engine)
        id_, path = self._sitting.new_path(self._suffix)
        if self._box:
            assert isinstance(chooser, pipeline.Chain)
            self._preview(chooser, self._box, path)
            notes: tuple[str, ...] = ()
        else:
            notes = self._whole(chooser, path)
        name = f"{Path(self.source.name).stem}_{chooser.suffix}{self._suffix}"
        shown = tuple(note for note in notes if not isinstance(note, Detail))
        self.result = self._sitting.add(id_, path, name, Role.RESULT, source=self.source.id, notes=shown)

    def _whole(self, chooser: pipeline.Chooser, path: Path) -> tuple[str, ...]:
        item, slot = Item(self.source.path, path, self._mask), StageSlot(None, self._report)
        with contextlib.ExitStack() as stack:
            return way_to_make(item, stack)(item, chooser, SaveOptions(), WritePolicy(), slot).notes

    def _preview(self, chain: pipeline.Chain, box: Box, path: Path) -> None:
        def told(pixels: int) -> None:
            self._report(pixels / (box.width * box.height), box.width * box.height / 1e6, 1)

        with open_reader(self.source.path) as reader:
            chain = self._sitting.settled(
                self.source.id, chain, lambda: chain.settled([reader], lambda pixels: told(0))
            )
            mask = self._mask.read(reader) if self._mask else None
            save_picture(pipeline.apply_to_part(reader, chain, box, told, mask=mask), path)

    def _report(self, share: float, megapixels: float, frames: int) -> None:
        self.cancel_token.check()
        self.share, self.megapixels = min(share, 1.0), megapixels

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
            "steps": ", ".join(step.filter for step in self._steps),
            "box": self._box and [self._box.left, self._box.top, self._box.width, self._box.height],
            "state": self.state,
            "share": round(self.share, 4),
            "seconds": round(spent, 2),
            "seconds_left": None if left is None else round(left, 1),
            "megapixels_per_s": round(self.share * self.megapixels / spent, 3) if spent else None,
            "result": self.result and self.result.as_json(),
            "error": self.error and {"code": self.error.code, "message": self.error.message, "hint": self.error.hint},
        }
