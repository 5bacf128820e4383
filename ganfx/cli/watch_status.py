"""`ganfx watch --status`: what the watchers of a folder say of themselves."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganfx.errors import OptionError

if TYPE_CHECKING:
    from ganfx.watch.health import WatchStatus

NONE_RUNS = 1
_STATES = {True: "running", False: "not running", None: "unknown, on another computer"}


def show_status(output: Path, source: Path | None, *, as_json: bool) -> int:
    """Tell of the watchers that write into `output`, and read from `source` if that is given; 0 where one runs."""
    from ganfx.watch.health import read_all

    if not output.is_dir():
        raise OptionError(f"there is no folder {output}", hint="name the folder OUT of the watcher")
    found = [said for said in read_all(output) if source is None or said.source == str(source.resolve())]
    for said in found:
        click.echo(json.dumps(said.as_json()) if as_json else _described(said))
    if not found and not as_json:
        click.echo(f"not running: no watcher has written into {output}")
    return 0 if any(said.is_running for said in found) else NONE_RUNS


def _described(said: WatchStatus) -> str:
    lines = [
        f"{_STATES[said.is_running]}: {said.source} -> {said.output}, {said.recipe}",
        f"  process {said.pid} on {said.host}, since {_when(said.since)}, last heard of {_when(said.updated)}",
        f"  {said.done} done, {said.failed} failed, {said.waiting} waiting; {said.looks}, {said.events} events",
    ]
    if said.ended is not None:
        lines.append(f"  ended {_when(said.ended)}")
    if said.current:
        lines.append(f"  in work: {', '.join(said.current)}")
    if said.last_error:
        lines.append(f"  last error: {said.last_error}")
    return "\n".join(lines)


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
