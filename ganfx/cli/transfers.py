"""The progress of a download: a bar on standard error where that is a terminal, nothing elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


@contextlib.contextmanager
def transfer_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with the bytes done and the total, which is 0 where it is not known."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    if not console.is_terminal:
        yield lambda done, total: None
        return
    with Progress(*columns, console=console, transient=True) as bars:
        row = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(row, completed=done, total=total or None)
