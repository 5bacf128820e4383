"""The status that a watcher writes to a small file in the output folder, for `ganfx watch --status` to read."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganfx.atomic import write_atomic
from ganfx.batch.processes import boot_id, is_alive, start_of
from ganfx.open_folder import read_small

_PREFIX = ".ganfx-watch-"
# Seconds: longer than a watcher is silent about itself.
_LATELY_S = 300.0
_MOST_BYTES = 2**20
# The latest time that is believed, in seconds since 1970: the year 9999.
_LATEST = 253_370_764_800


@dataclass
class WatchStatus:
    """The status of a watcher. Counts are of pictures since it started, times are seconds since 1970.

    method: how changes are noticed, in words.
    process_start: the start of the process `pid` on `host`, see `start_of`; and `boot`, the `boot_id` there.
    ended: when it ended; None while it runs, and for one that crashed.
    waiting: files that are not dealt with yet.
    events: events of the operating system.
    current: the pictures in work.
    """

    source: str
    output: str
    recipe: str
    method: str = ""
    host: str = field(default_factory=platform.node)
    pid: int = field(default_factory=os.getpid)
    process_start: float = field(default_factory=lambda: start_of(os.getpid()))
    boot: str = field(default_factory=boot_id)
    since: float = field(default_factory=time.time)
    updated: float = 0.0
    ended: float | None = None
    done: int = 0
    failed: int = 0
    waiting: int = 0
    events: int = 0
    current: list[str] = field(default_factory=list)
    last_error: str | None = None

    @property
    def is_running(self) -> bool | None:
        """Whether the process runs; None where that is unknown, since it belongs to another computer."""
        if self.ended is not None:
            return False
        if self.host != platform.node():
            return None
        return is_alive(self.pid, self.process_start, self.boot)

    def save(self) -> None:
        """Write the status into the output folder, atomically. Raises OSError."""
        self.updated = time.time()
        path = Path(self.output) / f"{_PREFIX}{self.host}-{self.pid}.json"
        write_atomic(path, json.dumps(dataclasses.asdict(self)), durable=False)

    def as_json(self) -> dict[str, Any]:
        """The status as plain data for JSON."""
        return {"running": self.is_running, **dataclasses.asdict(self)}


_TEXTS = ("source", "output", "recipe", "method", "host", "boot")
_COUNTS = ("pid", "done", "failed", "waiting", "events")
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(_TEXTS, (str,)),
    **dict.fromkeys(_COUNTS, (int,)),
    **dict.fromkeys(("process_start", "since", "updated"), (int, float)),
    "ended": (int, float, type(None)),
    "current": (list,),
    "last_error": (str, type(None)),
}


def read_all(output: Path) -> list[WatchStatus]:
    """The last status of each watcher that writes into `output`, the newest first; unreadable files are skipped."""
    found = [_read(path) for path in output.glob(f"{_PREFIX}*.json")]
    return sorted((health for health in found if health), key=lambda health: -health.since)


def elsewhere(output: Path) -> list[WatchStatus]:
    """The watchers on other computers that wrote their status into `output` lately, and have not ended."""
    recent = time.time() - _LATELY_S
    return [status for status in read_all(output) if status.is_running is None and status.updated > recent]


def forget_ended(output: Path) -> None:
    """Remove the status files of watchers that have ended. Raises OSError."""
    for path in output.glob(f"{_PREFIX}*.json"):
        health = _read(path)
        if health is None or health.is_running is False:
            path.unlink(missing_ok=True)


def _read(path: Path) -> WatchStatus | None:
    """The status in the file at `path`, which anybody may have written; None where it is none."""
    try:
        found = json.loads(read_small(path, _MOST_BYTES, follow=False))
        status = WatchStatus(**found)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    is_sound = all(isinstance(getattr(status, name), kinds) for name, kinds in _KINDS.items())
    numbers = (status.process_start, status.since, status.updated, status.ended or 0)
    return status if is_sound and all(0 <= number < _LATEST for number in numbers) else None
