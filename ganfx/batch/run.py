"""Many items, several at once; one that fails is reported and the rest go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from ganfx.batch.items import Item
from ganfx.batch.process import FAILED, SKIPPED, Outcome
from ganfx.batch.stage_limits import StageLimits, StageSemaphores, StageSlot
from ganfx.errors import DiskFullError, ItemError

_FULL = "the disk is full"
ItemProgress = Callable[[Item, float], None]


class Making(Protocol):
    """What makes an item; for several threads."""

    def make(self, item: Item, slot: StageSlot) -> Outcome: ...


def run(
    items: Iterable[Item],
    runner: Making,
    *,
    limits: StageLimits = StageLimits(),  # noqa: B008
    fail_fast: bool = False,
    progress: ItemProgress | None = None,
) -> Iterator[Outcome]:
    """Make `items`, yielding each outcome as it comes; `progress` is told, by several threads, their shares, 0..1.

    After a full disk, and with `fail_fast` after any failure, no more are begun, and those left are skipped. Raises
    EngineError and ModelError, which would fail every item alike, and whatever `progress` raises: then all lanes stop
    where they are, and nothing is half-written.
    """
    waiting = iter(items)
    semaphores = StageSemaphores(limits)
    ended = ""
    with ThreadPoolExecutor(limits.total, thread_name_prefix="slot") as pool:
        running: set[Future[Outcome]] = set()
        try:
            while True:
                while not ended and len(running) < limits.total and (item := next(waiting, None)) is not None:
                    running.add(pool.submit(_one, item, runner, semaphores, progress))
                if not running:
                    break
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for outcome in _results(finished):
                    yield _like_others(outcome) if ended == _FULL else outcome
                    ended = ended or _reason_to_end(outcome, fail_fast)
        finally:
            semaphores.close()
    yield from (Outcome(item, status=SKIPPED, notes=(f"not begun: {ended}",)) for item in waiting)


def _one(item: Item, runner: Making, semaphores: StageSemaphores, progress: ItemProgress | None) -> Outcome:
    started = time.monotonic()
    slot = StageSlot(semaphores, lambda share: progress(item, share) if progress else None)
    try:
        slot.progress(0)
        return runner.make(item, slot)
    except ItemError as error:
        return Outcome(item, time.monotonic() - started, error=error, status=FAILED)


def _results(finished: Iterable[Future[Outcome]]) -> Iterator[Outcome]:
    """What came of them, before what one of them raised."""
    for future in sorted(finished, key=lambda future: future.exception() is not None):
        yield future.result()


def _like_others(outcome: Outcome) -> Outcome:
    """`outcome`, but for an error that was told already."""
    if not isinstance(outcome.error, DiskFullError):
        return outcome
    return Outcome(outcome.item, status=SKIPPED, notes=(f"not finished: {_FULL}",))


def _reason_to_end(outcome: Outcome, fail_fast: bool) -> str:
    if isinstance(outcome.error, DiskFullError):
        return _FULL
    return "one failed" if outcome.error and fail_fast else ""
