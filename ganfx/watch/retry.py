"""Decides whether pictures that failed are tried again, moved aside, or end the watcher."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

from ganfx.batch.items import Item
from ganfx.batch.process import FAILED, Outcome
from ganfx.errors import (
    DiskFullError,
    EngineError,
    GanfxError,
    ItemError,
    ModelError,
    NameLengthError,
    OutputError,
    UnreadableError,
)
from ganfx.incidents import unexpected
from ganfx.watch import quarantine
from ganfx.watch.stability import FileState, StabilityTracker, WatchOptions

# The status of an outcome that failed and is tried again.
WAITING = "waiting"
# Seconds until a picture is tried again: at first, and at most.
RETRY_S, LONGEST_S = 5.0, 600.0
# Failures of the engine in a row after which the engine, and not the pictures, is considered broken.
_MAX_ENGINE_FAILURES = 5


class EngineRetryError(ItemError):
    """The engine or the model failed on one picture, see its cause; the next picture may succeed."""

    code = "engine"


class WithdrawnError(ItemError):
    """The watcher was stopped before the picture reached the filter."""


@contextlib.contextmanager
def as_retryable(picture: Path) -> Iterator[None]:
    """Raise errors that would end the watcher as errors of `picture`, which the block works on."""
    try:
        yield
    except (EngineError, ModelError) as error:
        raise EngineRetryError(error.message, hint=error.hint) from error
    except GanfxError:
        raise
    except Exception as error:
        raise unexpected(error, picture) from error


def may_pass(error: GanfxError) -> bool:
    """Whether the same picture may succeed later: after a pause, or a repair of the disk, permissions or settings."""
    if isinstance(error, NameLengthError):
        return False
    if isinstance(error, OutputError | EngineRetryError) or not isinstance(error, ItemError):
        return True
    return isinstance(error, UnreadableError) and isinstance(error.__cause__, OSError)


class RetryQueue:
    """Handles pictures below `source` that fail.

    held_until: on the monotonic clock; until then no picture is to be made, as after a full disk.
    """

    def __init__(self, source: Path, stability: StabilityTracker, options: WatchOptions) -> None:
        self._source, self._stability, self._options = source, stability, options
        self.held_until = 0.0
        self._hold_s = RETRY_S
        self._engine_failures = 0

    def succeeded(self) -> None:
        """Record that a picture was made, so that the disk and the engine work."""
        self._hold_s, self._engine_failures = RETRY_S, 0

    def failed(self, picture: Path, error: GanfxError, outcome: Outcome | None = None) -> Iterator[Outcome]:
        """Handle the failure of `picture`, yielding what to report of it.

        Yields nothing while the file may be incomplete, and where it is gone or has changed since. Raises the engine's
        own error after `_MAX_ENGINE_FAILURES` in a row.
        """
        now, state = time.monotonic(), FileState.of(picture)
        self._stability.see(picture, state, now)
        if state is None or isinstance(error, WithdrawnError) or not self._stability.is_due(picture, now):
            return
        item_error = ItemError.of(error, picture)
        outcome = dataclasses.replace(outcome or Outcome(Item(picture, picture)), error=item_error)
        left_s = self._options.give_up_s - self._stability.unchanged_s(picture, now)
        if may_pass(error):
            if self._postpone(picture, error, now):
                yield dataclasses.replace(outcome, status=WAITING)
        elif isinstance(error, UnreadableError) and left_s > 0:
            self._stability.postpone(picture, now, self._options.settle_s, left_s)
        else:
            self._stability.settle(picture, state)
            yield dataclasses.replace(outcome, status=FAILED, notes=(self._set_aside(picture, item_error),))

    def _postpone(self, picture: Path, error: GanfxError, now: float) -> bool:
        """Try `picture` again later, after a full disk all pictures; returns whether the error is to be reported."""
        if isinstance(error, DiskFullError):
            self.held_until = now + self._hold_s
            self._hold_s = min(2 * self._hold_s, LONGEST_S)
        if isinstance(error.__cause__, EngineError):
            self._engine_failures += 1
            if self._engine_failures >= _MAX_ENGINE_FAILURES:
                raise error.__cause__
        # An error of a recipe or a model is the same for many pictures, and reported once.
        is_news = str(error) not in self._stability.failing()
        self._stability.postpone(picture, now, RETRY_S, LONGEST_S, failing=str(error))
        return is_news

    def _set_aside(self, picture: Path, error: GanfxError) -> str:
        if self._options.keep_failed:
            return "left where it is"
        try:
            return f"moved to {quarantine.set_aside(picture, self._source, error)}"
        except OutputError as problem:
            return f"left where it is: {problem}"
        except Exception as problem:
            return f"left where it is: {unexpected(problem, picture).message}"
