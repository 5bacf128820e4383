"""Animations, read one frame at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganfx.errors import ItemError, UnreadableError
from ganfx.files.animations.frames import Frames, upright
from ganfx.files.animations.opening import frames_of, orientation_of
from ganfx.files.animations.timing import Timing
from ganfx.files.formats import Format
from ganfx.files.reader import PictureReader
from ganfx.files.source import checked_format
from ganfx.files.vips import reading
from ganfx.imaging.picture import Picture


@dataclass(frozen=True)
class AnimationFrame:
    """One frame of an animation.

    picture     the whole picture that is seen, upright
    is_repeat   whether its pixels equal those of the frame before
    """

    picture: Picture
    is_repeat: bool


def open_animation(path: str | Path) -> AnimationReader | None:
    """A reader of the animation at `path`, a context manager; None where the file has one picture alone.

    Raises UnreadableError or PictureSizeError.
    """
    with ItemError.about(path):
        frames = frames_of(Path(path), checked_format(Path(path)))
        return AnimationReader(Path(path), frames) if frames else None


class AnimationReader:
    """One open animation, a context manager. Not thread-safe.

    first           the first frame as a picture, which has the format and the metadata of all
    width, height   pixels of the upright frames
    has_alpha       whether frames have an alpha
    timing          when each frame is shown, as the file says
    count           how many frames there are
    """

    def __init__(self, path: Path, frames: Frames) -> None:
        self._frames = frames
        self.first = PictureReader(path, frame=1)
        self.width, self.height, self.has_alpha = self.first.width, self.first.height, self.first.has_alpha
        self.timing = frames.timing
        self.count = len(self.timing.durations)

    def samples(self) -> Iterator[NDArray[Any]]:
        """The stored samples (height, width, bands) of each frame, upright. Raises UnreadableError."""
        turn, frames = orientation_of(self._frames.header), self._frames.samples()
        for number in range(1, self.count + 1):
            try:
                with reading():
                    samples = upright(next(frames), turn)
            except UnreadableError as error:
                raise UnreadableError(f"frame {number} of {self.count}: {error.message}", hint=error.hint) from error
            yield samples

    def frames(self) -> Iterator[AnimationFrame]:
        """All frames, each decoded when it is asked for. Raises UnreadableError."""
        before: NDArray[Any] | None = None
        for samples in self.samples():
            yield AnimationFrame(self.first.decoded(samples), before is not None and np.array_equal(samples, before))
            before = samples

    def spread(self, count: int, check: Callable[[], None]) -> list[Picture]:
        """At most `count` frames, evenly spread, as pictures; all frames are decoded, with a `check` after each.

        Raises UnreadableError where one of them is damaged, and what `check` raises.
        """
        wanted = {(2 * index + 1) * self.count // (2 * count) for index in range(count)}
        found = list[Picture]()
        for index, samples in enumerate(self.samples()):
            if index in wanted:
                found.append(self.first.decoded(samples))
            check()
        return found

    def timing_in(self, form: Format) -> Timing:
        """The timing for an animation of that format which looks the same."""
        own = self.first.format
        return self.timing.as_shown() if own.name == "GIF" and form is not own else self.timing

    def close(self) -> None:
        """Close the file."""
        self.first.close()

    def __enter__(self) -> AnimationReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
