"""Runs many items, several at once; one that fails does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ganfx.batch.items import Item
from ganfx.batch.process import FAILED, SKIPPED, Outcome
from ganfx.batch.stage_limits import StageLimits, StageSemaphores, StageSlot
from ganfx.errors import DiskFullError, EngineError, GanfxError, HeldError, ItemError, ModelError
from ganfx.incidents import unexpected

_FULL = "the disk is full"
# Called with an item, its finished share, 0..1, the megapixels of its result, 0 as long as these are not known, and its
# frames, 1 where it is no animation.
ItemProgress = Callable[[Item, float, float, int], None]
# Makes one item. Raises ItemError where it fails.
MakeItem = Callable[[Item, StageSlot], Outcome]


def run(
    items: Iterable[Item],
    make: MakeItem,
    *,
    limits: StageLimits = StageLimits(),  # noqa: B008
    max_failures: int | None = None,
    progress: ItemProgress | None = None,
) -> Iterator[Outcome]:
    """Make `items` in threads of their own by `make`, yielding each outcome as it comes.

    `progress` is called by these threads. After a full disk, and after more than `max_failures`, no more items are
    started, and the rest are skipped. Whatever else an item raises is its own failure; what nobody foresaw is logged,
    see `ganfx.incidents`. Raises EngineError and ModelError, which would fail every item alike, and whatever `progress`
    raises: then all threads stop where they are, and nothing is half-written.
    """
    waiting = iter(items)
    semaphores = StageSemaphores(limits)
    end_reason, failures = "", 0
    with ThreadPoolExecutor(limits.total, thread_name_prefix="slot") as pool:
        running: set[Future[Outcome]] = set()
        try:
            while True:
                while not end_reason and len(running) < limits.total and (item := next(waiting, None)) is not None:
                    running.add(pool.submit(_make_one, item, make, semaphores, progress))
                if not running:
                    break
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for outcome in _results(finished):
                    yield _without_repeated_error(outcome, end_reason)
                    failures += outcome.error is not None
                    end_reason = end_reason or _reason_to_end(outcome, failures, max_failures)
        finally:
            semaphores.close()
    yield from (Outcome(item, status=SKIPPED, notes=(f"not begun: {end_reason}",)) for item in waiting)


def _make_one(item: Item, make: MakeItem, semaphores: StageSemaphores, progress: ItemProgress | None) -> Outcome:
    started = time.monotonic()
    slot = StageSlot(semaphores, lambda *told: _tell(progress, item, *told))
    try:
        slot.progress(0)
        return make(item, slot)
    except (EngineError, ModelError):
        raise
    except GanfxError as error:
        found = ItemError.of(error, item.source)
    except Exception as error:
        found = unexpected(error, item.source)
    return Outcome(item, time.monotonic() - started, error=found, status=FAILED)


class _ProgressError(BaseException):
    """What `progress` raised: it is no failure of the item that was being made."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


def _tell(progress: ItemProgress | None, item: Item, share: float, megapixels: float, frames: int) -> None:
    try:
        if progress:
            progress(item, share, megapixels, frames)
    except Exception as error:
        raise _ProgressError(error) from error


def _results(finished: Iterable[Future[Outcome]]) -> Iterator[Outcome]:
    """The outcomes of `finished` items, before the first error that one of them raised."""
    for future in sorted(finished, key=lambda future: future.exception() is not None):
        try:
            yield future.result()
        except _ProgressError as error:
            raise error.cause from None


def _without_repeated_error(outcome: Outcome, end_reason: str) -> Outcome:
    """`outcome`, as skipped where its error is a full disk or a held journal that was reported already."""
    error, note = outcome.error, ""
    if isinstance(error, DiskFullError) and end_reason == _FULL:
        note = f"not finished: {_FULL}"
    elif isinstance(error, HeldError) and error.repeated:
        note = "not begun: another process holds the journal"
    return Outcome(outcome.item, status=SKIPPED, notes=(note,)) if note else outcome


def _reason_to_end(outcome: Outcome, failures: int, max_failures: int | None) -> str:
    if isinstance(outcome.error, DiskFullError):
        return _FULL
    if max_failures is None or failures <= max_failures:
        return ""
    return "one failed" if failures == 1 else f"{failures} failed"
