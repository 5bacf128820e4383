"""What becomes of pictures that failed: another try now or later, or the end."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

from ganfx.batch.items import Item
from ganfx.batch.process import FAILED, Outcome
from ganfx.errors import DiskFullError, EngineError, GanfxError, ItemError, ModelError, OutputError, UnreadableError
from ganfx.watch import quarantine
from ganfx.watch.options import WatchOptions
from ganfx.watch.stability import FileState, StabilityTracker

# Of an outcome: it failed, but is tried again.
WAITING = "waiting"
# Seconds until a thing is tried again: at first, and at most.
RETRY_S, LONGEST_S = 5.0, 600.0
# So often in a row the engine may fail before the process, and not the pictures, is taken for broken.
_ENGINE_FAILURES = 5


class EngineRetryError(ItemError):
    """The engine or the model failed on one picture, as its cause says; the next may do."""

    code = "engine"


class UnexpectedError(ItemError):
    """Something else than what ganfx raises on purpose."""

    code = "unexpected"


class WithdrawnError(ItemError):
    """The picture was not begun in earnest when the watcher was asked to end."""


@contextlib.contextmanager
def as_retryable() -> Iterator[None]:
    """Turns what would end the watcher into an error of the one picture that a block is about."""
    try:
        yield
    except (EngineError, ModelError) as error:
        raise EngineRetryError(error.message, hint=error.hint) from error
    except GanfxError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise UnexpectedError(f"failed unexpectedly, {what}", hint="please report it, with the picture") from error


def may_pass(error: GanfxError) -> bool:
    """Whether time, or somebody who mends the disk, the rights or the settings, may let the same picture pass."""
    if isinstance(error, OutputError | EngineRetryError) or not isinstance(error, ItemError):
        return True
    return isinstance(error, UnreadableError) and isinstance(error.__cause__, OSError)


class RetryQueue:
    """Decides on the pictures below `source` that fail; until `held_until` on the monotonic clock, all must wait."""

    def __init__(self, source: Path, stability: StabilityTracker, options: WatchOptions) -> None:
        self._source, self._stability, self._options = source, stability, options
        self.held_until = 0.0
        self._hold_s = RETRY_S
        self._engine_failures = 0

    def made(self) -> None:
        """A picture was made: the disk and the engine work."""
        self._hold_s, self._engine_failures = RETRY_S, 0

    def of(self, picture: Path, error: GanfxError, outcome: Outcome | None = None) -> Iterator[Outcome]:
        """What is to be told of a picture that failed: nothing while it may be unfinished, and where it is gone or
        another by now. Raises the engine's own error where nothing works any more."""
        now, state = time.monotonic(), FileState.of(picture)
        self._stability.see(picture, state, now)
        if state is None or isinstance(error, WithdrawnError) or not self._stability.is_due(picture, now):
            return
        about = _about(picture, error)
        outcome = dataclasses.replace(outcome or Outcome(Item(picture, picture)), error=about)
        left_s = self._options.give_up_s - self._stability.stood_still_s(picture, now)
        if may_pass(error):
            if self._wait(picture, error, now):
                yield dataclasses.replace(outcome, status=WAITING)
        elif isinstance(error, UnreadableError) and left_s > 0:
            self._stability.postpone(picture, now, self._options.settle_s, left_s)
        else:
            self._stability.settle(picture, state)
            yield dataclasses.replace(outcome, status=FAILED, notes=(self._put_aside(picture, about),))

    def _wait(self, picture: Path, error: GanfxError, now: float) -> bool:
        """Have `picture` tried again, or all where that would be in vain; whether that is news."""
        if isinstance(error, DiskFullError):
            self.held_until = now + self._hold_s
            self._hold_s = min(2 * self._hold_s, LONGEST_S)
        if isinstance(error.__cause__, EngineError):
            self._engine_failures += 1
            if self._engine_failures >= _ENGINE_FAILURES:
                raise error.__cause__
        # What is wrong with a recipe or a model is the same for many pictures.
        is_news = str(error) not in self._stability.failing()
        self._stability.postpone(picture, now, RETRY_S, LONGEST_S, failing=str(error))
        return is_news

    def _put_aside(self, picture: Path, error: GanfxError) -> str:
        if self._options.keep_failed:
            return "left where it is"
        try:
            return f"moved to {quarantine.set_aside(picture, self._source, error)}"
        except OutputError as problem:
            return f"left where it is: {problem}"


def _about(picture: Path, error: GanfxError) -> ItemError:
    """`error` as one of `picture`, which cannot be made because of it."""
    if isinstance(error, ItemError):
        error.subject = error.subject or str(picture)
        return error
    about = ItemError(error.message, hint=error.hint)
    about.code, about.subject = error.code, str(picture)
    return about
