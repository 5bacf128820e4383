"""A folder watched for days: each picture that comes is made once, whatever happens to it, the disk or the watcher."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ganfx.batch.items import Item
from ganfx.batch.journal import Journal
from ganfx.batch.process import DONE, FAILED, SKIPPED, Outcome
from ganfx.batch.run import run
from ganfx.batch.stage_limits import ENGINE, StageLimits, StageSlot
from ganfx.errors import GanfxError, OutputError
from ganfx.files import writing
from ganfx.watch import quarantine
from ganfx.watch.classify import Classifier, Verdict, WatchTask
from ganfx.watch.disks import SameFolder
from ganfx.watch.folder_recipes import FolderRecipes
from ganfx.watch.health import WatchStatus, forget_ended
from ganfx.watch.monitor import FolderMonitor
from ganfx.watch.options import WatchOptions
from ganfx.watch.retry import RETRY_S, RetryQueue, WithdrawnError, as_retryable
from ganfx.watch.stability import FileState

# Seconds until it is looked whether somebody else has made a picture: at first, and at most.
_OTHERS_S, _LONGEST_OTHERS_S = 1.0, 30.0
_SAVE_S = 1.0


@dataclass
class _Work:
    task: WatchTask
    state: FileState


class _Door(StageSlot):
    """The way along `slot`, with a last word before the filter: `admit` may raise."""

    def __init__(self, slot: StageSlot, admit: Callable[[], None]) -> None:
        super().__init__()
        self._lane, self._admit = slot, admit

    def enter(self, stage: str) -> None:
        self._lane.enter(stage)
        if stage == ENGINE:
            self._admit()

    def progress(self, share: float) -> None:
        self._lane.progress(share)

    def __exit__(self, *error: object) -> None:
        self._lane.__exit__(*error)


class Watcher:
    """Makes what comes into `source` into `output` by `recipes`; `tell` is told in lines what people should know."""

    def __init__(
        self,
        source: Path,
        output: Path,
        recipes: FolderRecipes,
        options: WatchOptions,
        tell: Callable[[str], None],
        limits: StageLimits = StageLimits(),  # noqa: B008
    ) -> None:
        self._source, self._output, self._recipes, self._options = source, output, recipes, options
        self._tell, self._limits = tell, limits
        inner = {output} if output != source and output.is_relative_to(source) else set()
        skipped = frozenset(inner | {source / quarantine.FOLDER})
        self._monitor = FolderMonitor(
            source, skipped, tell, settle_s=options.settle_s, rescan_s=options.rescan_s, poll_s=options.poll_s
        )
        self._stability = self._monitor.stability
        self._retry = RetryQueue(source, self._stability, options)
        self._failures: list[Outcome] = []
        self._in_work: dict[Item, _Work] = {}
        self._place = SameFolder(output)
        self._stopping = False
        self.health = WatchStatus(str(source), str(output), recipes.name)

    def stop(self) -> None:
        """Finish what is in work and end; may be called from a signal handler."""
        self._stopping = True
        self._monitor.wake()

    @property
    def waiting(self) -> int:
        """How many pictures failed in a way that may pass."""
        return len(self._stability.failing())

    def run(self) -> Iterator[Outcome]:
        """Watch until `stop`, yielding what becomes of each picture: DONE, FAILED, or WAITING where it may pass later.

        Raises OutputError where the output folder cannot be used at the start, and EngineError where nothing works.
        """
        with contextlib.closing(self._monitor):
            try:
                self._monitor.look()
                while not self._is_over():
                    yield from self._with_journal()
            finally:
                self.health.ended = time.time()
                self._save_health()

    def _with_journal(self) -> Iterator[Outcome]:
        """Watch with one opened journal, for as long as it is there."""
        try:
            with self._journal() as journal:
                classifier = Classifier(self._source, self._output, journal, self._recipes)
                inode = _inode(journal.path)
                while not self._is_over() and _inode(journal.path) == inode:
                    self._save_health()
                    self._monitor.gather(self._next_due())
                    yield from self._work(classifier)
                    journal.settle()
        except OutputError as error:
            if not self.health.updated:
                raise
            if str(error) != self.health.last_error:
                self._tell(f"{error}; tried again every {RETRY_S:g} s")
            self.health.last_error = str(error)
            self._monitor.gather(time.monotonic() + RETRY_S)

    def _journal(self) -> Journal:
        with writing(self._output):
            self._output.mkdir(parents=True, exist_ok=True)
            self._place.check()
            forget_ended(self._output)
        journal = Journal(self._output)
        for note in journal.notes:
            self._tell(note)
        return journal

    def _is_over(self) -> bool:
        if self._options.once and len(self._stability) == self.waiting:
            # Something may have come since the last look.
            self._monitor.look()
            return self._stopping or len(self._stability) == self.waiting
        return self._stopping

    def _next_due(self) -> float:
        due = self._stability.next_due()
        return float("inf") if due is None else max(due, self._retry.held_until)

    def _work(self, classifier: Classifier) -> Iterator[Outcome]:
        """Make what is due, in the order in which it came."""
        for outcome in run(self._items(classifier), self._make, limits=self._limits):
            yield from self._finished(outcome)
            yield from self._take_failures()
        yield from self._take_failures()

    def _take_failures(self) -> list[Outcome]:
        taken, self._failures = self._failures, []
        return taken

    def _items(self, classifier: Classifier) -> Iterator[Item]:
        for picture in self._monitor.due():
            now = time.monotonic()
            # Others may come while these are made, and these may change.
            self._monitor.gather(now)
            if self._stopping or now < self._retry.held_until:
                return
            state = FileState.of(picture)
            self._stability.see(picture, state, now)
            if state and self._stability.is_due(picture, now) and (task := self._task(classifier, picture, state)):
                self._in_work[task.item] = _Work(task, state)
                self._save_health(at_least_s=_SAVE_S)
                yield task.item

    def _task(self, classifier: Classifier, picture: Path, state: FileState) -> WatchTask | None:
        """What is to be made of `picture`, which stands still; None where that is nothing, or nothing for now."""
        busy = {item.target for item in self._in_work}
        try:
            with as_retryable():
                verdict = classifier.judge(picture, busy, arrived=self._stability.has_arrived(picture))
        except GanfxError as error:
            self._failures += self._failed(picture, error)
            return None
        if isinstance(verdict, WatchTask):
            self._monitor.doubt(picture)
            return verdict
        if verdict is Verdict.LATER:
            self._leave_to_others(picture)
        else:
            self._stability.settle(picture, state)
        return None

    def _make(self, item: Item, slot: StageSlot) -> Outcome:
        """Make `item`, one of those in work, by its own order. Raises ItemError; called by several threads."""
        with as_retryable():
            return self._in_work[item].task.runner.make(item, _Door(slot, self._admit))

    def _admit(self) -> None:
        if self._stopping:
            raise WithdrawnError("the watcher ends")

    def _finished(self, outcome: Outcome) -> Iterator[Outcome]:
        picture, work = outcome.item.source, self._in_work.pop(outcome.item)
        if outcome.error:
            yield from self._failed(picture, outcome.error, outcome)
        elif outcome.status == SKIPPED:
            self._leave_to_others(picture)
        else:
            self._stability.settle(picture, work.state)
            self._retry.made()
            self.health.done += outcome.status == DONE
            yield outcome
        self._save_health(at_least_s=_SAVE_S)

    def _leave_to_others(self, picture: Path) -> None:
        self._stability.postpone(picture, time.monotonic(), _OTHERS_S, _LONGEST_OTHERS_S)

    def _failed(self, picture: Path, error: GanfxError, outcome: Outcome | None = None) -> Iterator[Outcome]:
        for told in self._retry.of(picture, error, outcome):
            self.health.failed += told.status == FAILED
            self.health.last_error = str(told.error)
            yield told

    def _save_health(self, at_least_s: float = 0.0) -> None:
        """Write the account, where that can be done and the last one is `at_least_s` seconds old."""
        health = self.health
        if time.time() - health.updated < at_least_s:
            return
        health.waiting, health.events, health.looks = len(self._stability), self._monitor.events, self._monitor.manner
        health.current = [str(item.source) for item in self._in_work]
        with contextlib.suppress(OSError):
            health.save()


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
