"""`ganfx watch --status`: the status of the watchers of a folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ganfx.batch.wording import counted
from ganfx.cli.terminal import show, show_json, show_lines
from ganfx.errors import OptionError
from ganfx.text import printable

if TYPE_CHECKING:
    from ganfx.watch.health import WatchStatus

NONE_RUNS = 1
_STATES = {True: "running", False: "not running", None: "unknown, on another computer"}


def show_status(output: Path, source: Path | None, *, as_json: bool) -> int:
    """Print the status of the watchers that write into `output`, and read from `source` if given; 0 where one runs."""
    from ganfx.watch.health import read_all

    if not output.is_dir():
        raise OptionError(f"there is no folder {output}", hint="name the folder OUT of the watcher")
    found = [one for one in read_all(output) if source is None or one.source == str(source.resolve())]
    for status in found:
        if as_json:
            show_json(status.as_json())
        else:
            show_lines(_described(status))
    if not found and not as_json:
        show(f"not running: no watcher has written into {output}")
    return 0 if any(status.is_running for status in found) else NONE_RUNS


def _described(status: WatchStatus) -> str:
    counts = f"{status.done} done, {status.failed} failed, {status.waiting} waiting"
    lines = [
        f"{_STATES[status.is_running]}: {status.source} -> {status.output}, {status.recipe}",
        f"  process {status.pid} on {status.host}, since {_when(status.since)}, last heard of {_when(status.updated)}",
        f"  {counts}; {status.method}, {counted(status.events, 'event')}",
    ]
    if status.ended is not None:
        lines.append(f"  ended {_when(status.ended)}")
    if status.current:
        lines.append(f"  in work: {', '.join(status.current)}")
    if status.last_error:
        lines.append(f"  last error: {status.last_error}")
    return "\n".join(map(printable, lines))


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
