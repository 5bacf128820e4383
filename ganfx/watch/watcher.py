"""Watches a folder and makes each picture once, across restarts, full disks, broken files and other runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ganfx.batch.homes import Home
from ganfx.batch.items import Item
from ganfx.batch.journal import Journal
from ganfx.batch.patience import Patience
from ganfx.batch.process import DONE, FAILED, SKIPPED, Outcome
from ganfx.batch.run import run
from ganfx.batch.stage_limits import StageLimits, StageSlot
from ganfx.errors import GanfxError, OutputError
from ganfx.files import writing
from ganfx.incidents import unexpected
from ganfx.memory import release_unused
from ganfx.watch import quarantine
from ganfx.watch.classify import Classifier, NotNow, PendingItem
from ganfx.watch.folder_recipes import FolderRecipes
from ganfx.watch.fs_events import FolderIdentity
from ganfx.watch.health import WatchStatus, elsewhere, forget_ended
from ganfx.watch.monitor import FolderMonitor
from ganfx.watch.retry import RETRY_S, RetryQueue, as_retryable
from ganfx.watch.stability import FileState, WatchOptions
from ganfx.watch.stopping import StoppableSlot, StopRequest
from ganfx.watch.watcher_lock import WatcherLock

# Seconds until a picture that another run is making is checked again: at first, and at most.
_OTHERS_S, _LONGEST_OTHERS_S = 1.0, 30.0
# Seconds until a wait for the journal is given up for now.
_JOURNAL_S = 10.0
# Seconds between writes of the status file.
_SAVE_S = 1.0


@dataclass
class _InWork:
    """A picture in work, and the state of its file when it was taken."""

    pending: PendingItem
    state: FileState


class Watcher:
    """Makes the pictures that come into `source` into `output`, by `recipes`.

    on_note: called with lines about the watcher itself, for users to read.
    health: its status, also kept in a file in `output`.
    """

    def __init__(
        self,
        source: Path,
        output: Path,
        recipes: FolderRecipes,
        options: WatchOptions,
        on_note: Callable[[str], None],
        limits: StageLimits = StageLimits(),  # noqa: B008
    ) -> None:
        self._source, self._output, self._recipes, self._options = source, output, recipes, options
        self._on_note, self._limits = on_note, limits
        inner = {output} if output != source and output.is_relative_to(source) else set()
        skipped = frozenset(inner | {source / quarantine.FOLDER})
        self._monitor = FolderMonitor(
            source, skipped, on_note, settle_s=options.settle_s, rescan_s=options.rescan_s, poll_s=options.poll_s
        )
        self._stability = self._monitor.stability
        self._retry = RetryQueue(source, self._stability, options)
        self._failures: list[Outcome] = []
        self._in_work: dict[Item, _InWork] = {}
        self._output_identity = FolderIdentity(output)
        self._stop = StopRequest()
        self._saved = float("-inf")
        self.health = WatchStatus(str(source), str(output), recipes.name)

    def stop(self) -> None:
        """Finish the pictures in work, except those that take longer than `stopping.FINISH_S`, and end.

        May be called from a signal handler.
        """
        self._stop.ask()
        self._monitor.wake()

    @property
    def waiting(self) -> int:
        """How many pictures failed and are to be tried again."""
        return len(self._stability.failing())

    @property
    def unread(self) -> int:
        """How many folders could not be read."""
        return self._monitor.unread

    @property
    def description(self) -> str:
        """The folders, the recipe and the device, for people."""
        return f"{self._source} -> {self._output}, {self._recipes.name} on {self._recipes.main().chooser.device}"

    def run(self) -> Iterator[Outcome]:
        """Watch until `stop`, yielding each outcome as it comes: DONE, FAILED, or WAITING where it is tried again.

        With the option `once`, ends after the pictures that are there. Raises WatchedError where another watcher has
        these folders, OutputError where the output folder cannot be used at the start, EngineError where the engine
        keeps failing.
        """
        with contextlib.closing(self._monitor), WatcherLock(self._source, self._output):
            try:
                self._monitor.scan()
                while not self._is_over():
                    yield from self._with_journal()
            finally:
                self.health.ended = time.time()
                self._save_health()

    def _with_journal(self) -> Iterator[Outcome]:
        """Watch with one open journal, until it is deleted or replaced."""
        try:
            with self._journal() as journal:
                classifier = Classifier(self._source, self._output, journal, self._recipes, self._stop.check)
                inode = _inode(journal.path)
                while not self._is_over() and _inode(journal.path) == inode:
                    self._save_health()
                    self._monitor.wait(self._next_due())
                    yield from self._make_due(classifier)
                    journal.settle()
        except OutputError as error:
            if not self.health.updated:
                raise
            if str(error) != self.health.last_error:
                self._on_note(f"{error}; tried again every {RETRY_S:g} s")
            self.health.last_error = str(error)
            self._monitor.wait(time.monotonic() + RETRY_S)

    def _journal(self) -> Journal:
        with writing(self._output):
            self._output.mkdir(parents=True, exist_ok=True)
            self._output_identity.check()
            forget_ended(self._output)
        journal = Journal(Home(self._output), Patience(_JOURNAL_S, self._on_note))
        others = (f"a watcher on {status.host} writes into {self._output}, too" for status in elsewhere(self._output))
        for note in (*journal.notes, *others):
            self._on_note(note)
        return journal

    def _is_over(self) -> bool:
        if self._options.once and len(self._stability) == self.waiting:
            # More pictures may have come since the last scan.
            self._monitor.scan()
            return self._stop.asked or len(self._stability) == self.waiting
        return self._stop.asked

    def _next_due(self) -> float:
        due = self._stability.next_due()
        return float("inf") if due is None else max(due, self._retry.held_until)

    def _make_due(self, classifier: Classifier) -> Iterator[Outcome]:
        """Make the pictures that are due, in the order in which they came."""
        made = False
        for outcome in run(self._items(classifier), self._make, limits=self._limits):
            made = True
            yield from self._finished(outcome)
            yield from self._take_failures()
        yield from self._take_failures()
        if made:
            release_unused()

    def _take_failures(self) -> list[Outcome]:
        taken, self._failures = self._failures, []
        return taken

    def _items(self, classifier: Classifier) -> Iterator[Item]:
        for picture in self._monitor.due():
            now = time.monotonic()
            # While these are made, more pictures may come, and these may change.
            self._monitor.wait(now)
            if self._stop.asked or now < self._retry.held_until:
                return
            try:
                item = self._taken(classifier, picture, now)
            except GanfxError:
                raise
            except Exception as error:
                self._failures += self._failed(picture, unexpected(error, picture))
                continue
            if item:
                yield item

    def _taken(self, classifier: Classifier, picture: Path, now: float) -> Item | None:
        """The item to make of `picture`, now in work; None where there is none for now."""
        state = FileState.of(picture)
        self._stability.see(picture, state, now)
        if state is None or not self._stability.is_due(picture, now):
            return None
        pending = self._pending(classifier, picture, state)
        if pending is None:
            return None
        self._in_work[pending.item] = _InWork(pending, state)
        self._save_health(at_least_s=_SAVE_S)
        return pending.item

    def _pending(self, classifier: Classifier, picture: Path, state: FileState) -> PendingItem | None:
        """The item to make of `picture`, which stopped changing in `state`; None where there is none for now."""
        busy = {item.target for item in self._in_work}
        try:
            with as_retryable(picture):
                found = classifier.classify(picture, busy, arrived=self._stability.has_arrived(picture))
        except GanfxError as error:
            self._failures += self._failed(picture, error)
            return None
        if isinstance(found, PendingItem):
            self._monitor.check_announced(picture)
            return found
        if found is NotNow.LATER:
            self._leave_to_others(picture)
        else:
            self._stability.settle(picture, state)
        return None

    def _make(self, item: Item, slot: StageSlot) -> Outcome:
        """Make `item`, one of those in work, by its own recipe. Raises ItemError; called by several threads."""
        with as_retryable(item.source):
            return self._in_work[item].pending.runner.make(item, StoppableSlot(slot, self._stop))

    def _finished(self, outcome: Outcome) -> Iterator[Outcome]:
        picture, in_work = outcome.item.source, self._in_work.pop(outcome.item)
        if outcome.error:
            yield from self._failed(picture, outcome.error, outcome)
        elif outcome.status == SKIPPED:
            self._leave_to_others(picture)
        else:
            self._stability.settle(picture, in_work.state)
            self._retry.succeeded()
            self.health.done += outcome.status == DONE
            yield outcome
        self._save_health(at_least_s=_SAVE_S)

    def _leave_to_others(self, picture: Path) -> None:
        self._stability.postpone(picture, time.monotonic(), _OTHERS_S, _LONGEST_OTHERS_S)

    def _failed(self, picture: Path, error: GanfxError, outcome: Outcome | None = None) -> Iterator[Outcome]:
        for reported in self._retry.failed(picture, error, outcome):
            self.health.failed += reported.status == FAILED
            self.health.last_error = str(reported.error)
            yield reported

    def _save_health(self, at_least_s: float = 0.0) -> None:
        """Write the status, if possible, unless the last one is less than `at_least_s` seconds old."""
        health = self.health
        if time.monotonic() - self._saved < at_least_s:
            return
        self._saved = time.monotonic()
        health.waiting, health.events, health.method = len(self._stability), self._monitor.events, self._monitor.method
        health.current = [str(item.source) for item in self._in_work]
        with contextlib.suppress(OSError):
            health.save()


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
