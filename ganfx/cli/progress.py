"""How a batch shows itself on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ganfx.batch.process import Outcome

if TYPE_CHECKING:
    from ganfx.batch.plan import Item


class Reporter:
    """Counts files and megapixels; `bar` is None where no terminal is looking."""

    def __init__(self, total: int, device: str, quiet: bool, bar: Progress | None) -> None:
        self.total, self.device, self.quiet, self.bar = total, device, quiet, bar
        self.done = self.failed = 0
        self.megapixels = 0.0
        self.started = time.monotonic()
        self.task: Any = bar.add_task("", total=total, speed="") if bar else None

    def progress(self, item: Item, share: float) -> None:
        if self.bar:
            self.bar.update(self.task, completed=self.done + self.failed + share, description=item.source.name)

    def finished(self, outcome: Outcome) -> None:
        if outcome.error:
            self.failed += 1
            self._say(f"error: {outcome.error}", always=True)
            if outcome.error.hint:
                self._say(f"hint: {outcome.error.hint}", always=True)
        else:
            self.done += 1
            self._count(outcome)
        if self.bar:
            self.bar.update(self.task, completed=self.done + self.failed, speed=f"{self.speed:.2f} MP/s")

    def _count(self, outcome: Outcome) -> None:
        width, height = outcome.output_size or (0, 0)
        self.megapixels += width * height / 1e6
        self._say(
            f"{outcome.item.source} -> {outcome.item.target}  {width}x{height}, {outcome.seconds:.1f} s, "
            f"{outcome.megapixels_per_s:.2f} MP/s"
        )
        for note in outcome.notes:
            self._say(f"note: {outcome.item.source}: {note}")

    @property
    def speed(self) -> float:
        """Megapixels written in each second of the whole batch."""
        return self.megapixels / max(time.monotonic() - self.started, 1e-6)

    def summary(self) -> None:
        failed = f", {self.failed} failed" if self.failed else ""
        seconds = time.monotonic() - self.started
        self._say(f"{self.done} done{failed} in {seconds:.1f} s, {self.speed:.2f} MP/s on {self.device}")

    def _say(self, line: str, always: bool = False) -> None:
        if self.quiet and not always:
            return
        if self.bar:
            self.bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(line, err=True)


@contextlib.contextmanager
def reporter(total: int, device: str, *, quiet: bool) -> Iterator[Reporter]:
    """A Reporter for `total` files on `device`, with a summary at the end."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[speed]}"),
    )
    with contextlib.ExitStack() as stack:
        shown = console.is_terminal and not quiet
        bar = stack.enter_context(Progress(*columns, console=console, transient=True)) if shown else None
        report = Reporter(total, device, quiet, bar)
        yield report
    report.bar = None
    report.summary()
