"""The progress of a batch on standard error: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
)

from ganfx.batch.process import DONE, FAILED, PLANNED, SKIPPED, Outcome
from ganfx.cli.file_options import Level
from ganfx.cli.terminal import log, shown, tell
from ganfx.text import Detail

if TYPE_CHECKING:
    from ganfx.batch.items import Item


class Reporter:
    """Prints outcomes and progress, and counts files and megapixels. `progress` may be called by several threads.

    bars: None where standard error is not a terminal.
    """

    def __init__(self, total: int, device: str, level: Level, bars: Progress | None) -> None:
        self.total, self.device, self.level, self.bars = total, device, level, bars
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.megapixels = 0.0
        self.started = time.monotonic()
        self._lock = threading.Lock()
        self._shares: dict[Item, float] = {}
        self._begun: dict[Item, float] = {}
        self._names: dict[Item, str] = {}
        self._rows: dict[Item, TaskID] = {}
        self._since: dict[Item, float] = {}
        self._total_row = bars.add_task("", total=total, speed="", left="") if bars else None

    def expect(self, total: int) -> None:
        """Count on so many files; more may be found on the way."""
        if total != self.total and self.bars and self._total_row is not None:
            self.bars.update(self._total_row, total=total)
        self.total = total

    def progress(self, item: Item, share: float, megapixels: float, frames: int = 1) -> None:
        """Show that `share`, 0..1, of `item` is finished, whose result will have so many megapixels and frames."""
        if self.bars is None:
            return
        with self._lock:
            self._shares[item], self._begun[item] = share, share * megapixels
            at = f" {min(int(share * frames) + 1, frames)}/{frames}" if frames > 1 else ""
            self._names[item] = shown(item.source.name) + at
            # One picture alone has the line of the total.
            if self.total > 1:
                self._show_item(item, share)
            self._show()

    def _show_item(self, item: Item, share: float) -> None:
        assert self.bars
        if item not in self._rows:
            self._rows[item] = self.bars.add_task(self._names[item], total=1.0, speed="", left="")
            self._since[item] = time.monotonic()
        left = remaining(time.monotonic() - self._since[item], share, 1 - share)
        self.bars.update(self._rows[item], completed=share, description=self._names[item], left=left)

    def finished(self, outcome: Outcome) -> None:
        """Print the outcome of one item."""
        self.counts[outcome.status] += 1
        if outcome.status == DONE:
            self._done(outcome)
        elif outcome.status == PLANNED:
            self._planned(outcome)
        elif outcome.error:
            self.say(f"error: {outcome.error}", Level.QUIET)
            if outcome.error.hint:
                self.say(f"hint: {outcome.error.hint}", Level.QUIET)
        else:
            self.reasons.update(outcome.notes)
            self.say(f"{outcome.item.source}: {', '.join([outcome.status, *outcome.notes])}", Level.VERBOSE)
        self._remove(outcome.item)

    def _planned(self, outcome: Outcome) -> None:
        size = "{}x{}, ".format(*outcome.output_size) if outcome.output_size else ""
        self.say(f"{outcome.item.source} -> {outcome.item.target}  {size}{outcome.status}")
        self.say(f"steps: {outcome.steps or 'none: it is copied'}", Level.VERBOSE)
        for note in outcome.notes:
            self.say(f"note: {outcome.item.source}: {note}")

    def _done(self, outcome: Outcome) -> None:
        width, height = outcome.output_size or (0, 0)
        self.megapixels += outcome.megapixels
        frames = f"{outcome.frames} frames, " if outcome.frames > 1 else ""
        self.say(
            f"{outcome.item.source} -> {outcome.item.target}  {width}x{height}, {frames}{outcome.seconds:.1f} s, "
            f"{outcome.megapixels_per_s:.2f} MP/s"
        )
        self.say(f"steps: {outcome.steps}", Level.VERBOSE)
        for note in outcome.notes:
            level = Level.VERBOSE if isinstance(note, Detail) else Level.NORMAL
            self.say(f"note: {outcome.item.source}: {note}", level)

    def _remove(self, item: Item) -> None:
        with self._lock:
            self._shares.pop(item, None)
            self._begun.pop(item, None)
            self._names.pop(item, None)
            self._since.pop(item, None)
            row = self._rows.pop(item, None)
            if self.bars and row is not None:
                self.bars.remove_task(row)
            self._show()

    def _show(self) -> None:
        if self.bars and self._total_row is not None:
            finished, begun = self.counts.total(), sum(self._shares.values())
            made = self.counts[DONE] + self.counts[FAILED] + begun
            left = remaining(time.monotonic() - self.started, made, self.total - finished - begun)
            alone = next(iter(self._names.values()), "") if self.total == 1 else ""
            self.bars.update(
                self._total_row,
                completed=finished + begun,
                description=alone or f"{finished}/{self.total}",
                speed=f"{self.speed:.2f} MP/s" if self.speed else "",
                left=left,
            )

    @property
    def speed(self) -> float:
        """Megapixels made per second of the whole batch, with those of results that are not finished."""
        return (self.megapixels + sum(self._begun.values())) / max(time.monotonic() - self.started, 1e-6)

    @property
    def has_failures(self) -> bool:
        """Whether an item failed."""
        return self.counts[FAILED] > 0

    def summary(self) -> None:
        """Print the counts of all outcomes."""
        parts = []
        for status, count in self.counts.items():
            reasons = f" ({', '.join(self.reasons)})" if status == SKIPPED else ""
            parts.append(f"{count} {status}{reasons}")
        seconds = time.monotonic() - self.started
        speed = f", {self.speed:.2f} MP/s on {self.device}" if self.counts[DONE] else ""
        self.say(f"{', '.join(parts)} in {seconds:.1f} s{speed}")

    def say(self, line: str, level: Level = Level.NORMAL) -> None:
        """Print `line` if the chosen level is at least `level`."""
        if self.level < level:
            return
        if self.bars:
            log(line)
            self.bars.console.print(shown(line), markup=False, highlight=False, soft_wrap=True)
        else:
            tell(line)


def remaining(elapsed_s: float, made: float, left: float) -> str:
    """The time that what is `left` will take, where what was `made` took `elapsed_s`; empty while that is not known."""
    if made <= 0:
        return ""
    minutes, seconds = divmod(round(elapsed_s * max(left, 0) / made), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} left"


def columns() -> tuple[ProgressColumn, ...]:
    """What a line of progress shows."""
    return (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[speed]}", markup=False),
    )


@contextlib.contextmanager
def reporter(total: int, device: str, level: Level) -> Iterator[Reporter]:
    """A `Reporter` for `total` files on `device`, which prints a summary at the end."""
    console = Console(stderr=True)
    with contextlib.ExitStack() as stack:
        shown = console.is_terminal and level > Level.QUIET
        bars = stack.enter_context(Progress(*columns(), console=console, transient=True)) if shown else None
        report = Reporter(total, device, level, bars)
        yield report
    report.bars = None
    report.summary()
