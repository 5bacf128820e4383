"""Which failures are tried again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ganfx.batch.process import FAILED
from ganfx.errors import (
    GanfxError,
    InferenceError,
    OptionError,
    OutputError,
    PictureSizeError,
    UnexpectedError,
    UnreadableError,
)
from ganfx.watch.retry import WAITING, EngineRetryError, RetryQueue, as_retryable
from ganfx.watch.stability import FileState, StabilityTracker, WatchOptions


def test_only_what_may_pass_is_tried_again_and_an_engine_that_never_works_ends_it(tmp_path: Path) -> None:
    def failing(error: GanfxError) -> tuple[str, float | None]:
        """What is told of a picture that failed so, and when it is tried again."""
        picture = tmp_path / "in" / "a.jpg"
        picture.parent.mkdir(exist_ok=True)
        picture.write_text("a picture")
        stability = StabilityTracker(settle_s=0)
        stability.see(picture, FileState.of(picture), time.monotonic() - 100)
        told = list(RetryQueue(picture.parent, stability, WatchOptions(give_up_s=50)).failed(picture, error))
        due = stability.next_due()
        return told[0].status, due

    denied = UnreadableError("permission denied")
    denied.__cause__ = PermissionError()
    for error in (OutputError("read-only"), OptionError("no such recipe"), denied):
        status, due = failing(error)
        assert status == WAITING
        assert due is not None
        assert due > time.monotonic()
    for error in (UnreadableError("cut off"), PictureSizeError("too large")):
        assert failing(error) == (FAILED, None)

    pictures = [tmp_path / f"{number}.jpg" for number in range(5)]
    stability = StabilityTracker(settle_s=0)
    retry = RetryQueue(tmp_path, stability, WatchOptions())
    with pytest.raises(InferenceError):
        for picture in pictures:
            picture.touch()
            stability.see(picture, FileState.of(picture), time.monotonic())
            with pytest.raises(EngineRetryError) as caught, as_retryable(picture):
                raise InferenceError("the device is lost")
            assert [told.status for told in retry.failed(picture, caught.value)] == [WAITING]
    assert picture == pictures[-1]


def test_a_surprise_is_one_pictures_error_and_not_the_end() -> None:
    with pytest.raises(UnexpectedError, match="ZeroDivisionError"), as_retryable(Path("a.jpg")):
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), as_retryable(Path("a.jpg")):
        raise KeyboardInterrupt
