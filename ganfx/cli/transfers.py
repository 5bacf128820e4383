"""The progress of downloads: a bar for each on standard error where that is a terminal, nothing elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ganfx.text import printable


@contextlib.contextmanager
def transfer_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A function to call, from any thread, with what is downloaded, the bytes done and the total: 0 where unknown."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    if not console.is_terminal:
        yield lambda name, done, total: None
        return
    rows: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True) as bars:

        def show(name: str, done: int, total: int) -> None:
            if name not in rows:
                rows[name] = bars.add_task(printable(name), total=None)
            bars.update(rows[name], completed=done, total=total or None)

        yield show
