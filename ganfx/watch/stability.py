"""When the files of a watched folder have stopped changing, and when to check each of them again.

`StabilityTracker` is told times and states, and reads neither a clock nor the disk.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ganfx.batch.stage_limits import StageLimits
from ganfx.files import Icc

# Files that come within so many seconds of the first one, or the time that they must settle, came together.
_ARRIVAL_S = 1.0


@dataclass(frozen=True)
class WatchOptions:
    """When files of a watched folder are taken, how results are saved, and what happens to pictures that fail.

    settle_s: seconds for which a file must not have changed before it is taken.
    give_up_s: seconds after its last change for which a file that does not decode is given time to become complete.
    rescan_s: seconds between scans of the folder, besides the events of the operating system.
    poll_s: seconds between scans without any events, as for network drives; None uses events.
    keep_failed: leave pictures that fail where they are, instead of moving them to the folder `failed`.
    once: end after the pictures that are there now.
    format: the suffix of results without its dot; None leaves it to the recipe, as for the next two.
    quality: 1..100, of formats that have one; None is the default of the format.
    lossless: keep all samples as they are; formats that cannot do that are refused.
    icc: the color space of results, see `SaveOptions`; None is keep.
    strip_metadata: leave out EXIF, XMP and IPTC; the color profile stays.
    limits: pictures per stage; None fits them to the device.
    allow_model_files: whether a ganfx.toml in the folder may name any model file, and not just the user's models.
    """

    settle_s: float = 2.0
    give_up_s: float = 60.0
    rescan_s: float = 60.0
    poll_s: float | None = None
    keep_failed: bool = False
    once: bool = False
    format: str | None = None
    quality: int | None = None
    lossless: bool = False
    icc: Icc | None = None
    strip_metadata: bool = False
    limits: StageLimits | None = None
    allow_model_files: bool = False


@dataclass(frozen=True)
class FileState:
    """What changes with a file's contents, without reading them."""

    size_bytes: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileState | None:
        """The state of the regular file at `path` now; None where there is none, or none that is accessible."""
        try:
            found = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass
class _Waiting:
    """A file to check at `due`; `since` is the time of its last change. See `StabilityTracker` for the rest."""

    state: FileState
    since: float
    due: float
    announced: bool
    arrived: bool
    pauses: int = 0
    failing: str = ""


class StabilityTracker:
    """Files that wait until they have not changed for `settle_s` seconds, and the states of files that are settled.

    All times are seconds of one monotonic clock.
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._waiting: dict[Path, _Waiting] = {}
        self._settled: dict[Path, FileState] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def see(
        self, path: Path, state: FileState | None, now: float, *, announced: bool = False, at_start: bool = False
    ) -> None:
        """Record that `path` is in `state` (None: it is gone). A file that changed starts to wait again.

        announced: an event named the file.
        at_start: the file was there when watching began.
        """
        if state is None:
            self.forget(path)
            return
        waiting = self._waiting.get(path)
        if waiting is None:
            if self._settled.get(path) == state:
                return
            arrived = not at_start and path not in self._settled
            self._waiting[path] = _Waiting(state, now, now + self._settle_s, announced or at_start, arrived)
            return
        waiting.announced |= announced
        if waiting.state != state:
            waiting.state, waiting.since, waiting.due = state, now, now + self._settle_s
            waiting.pauses, waiting.failing = 0, ""

    def due(self, now: float) -> list[Path]:
        """The files to check now, those that are due longest first; they stay until settled, postponed or forgotten.

        Files that came together are in the order of their names.
        """
        found = sorted((waiting.due, path) for path, waiting in self._waiting.items() if waiting.due <= now)
        arrival, begin = 0, float("-inf")
        ordered: list[tuple[int, Path]] = []
        for due, path in found:
            if due > begin + max(self._settle_s, _ARRIVAL_S):
                arrival, begin = arrival + 1, due
            ordered.append((arrival, path))
        return [path for _, path in sorted(ordered)]

    def next_due(self) -> float | None:
        """When the next file is to be checked; None while no file waits."""
        return min((waiting.due for waiting in self._waiting.values()), default=None)

    def is_due(self, path: Path, now: float) -> bool:
        """Whether `path` is to be checked now."""
        waiting = self._waiting.get(path)
        return waiting is not None and waiting.due <= now

    def unchanged_s(self, path: Path, now: float) -> float:
        """Seconds since the last change of a waiting file."""
        return now - self._waiting[path].since

    def was_announced(self, path: Path) -> bool:
        """Whether an event named a waiting file, or it was there at the start."""
        return self._waiting[path].announced

    def has_arrived(self, path: Path) -> bool:
        """Whether a waiting file came while the folder was watched, instead of having been there or changed."""
        return self._waiting[path].arrived

    def failing(self) -> list[str]:
        """The reasons of the waiting files that failed and are tried again."""
        return [waiting.failing for waiting in self._waiting.values() if waiting.failing]

    def postpone(self, path: Path, now: float, pause_s: float, longest_s: float, *, failing: str = "") -> None:
        """Check a waiting file again after `pause_s` seconds, doubled each time up to `longest_s`.

        failing: why it failed, if it was tried. Does nothing for a file that is gone.
        """
        if waiting := self._waiting.get(path):
            waiting.failing = failing
            waiting.due = now + min(pause_s * 2.0 ** min(waiting.pauses, 30), longest_s)
            waiting.pauses += 1

    def settle(self, path: Path, state: FileState) -> None:
        """Stop waiting for a file that was dealt with in `state`; it goes on waiting if it has changed since."""
        if path in self._waiting and self._waiting[path].state == state:
            del self._waiting[path]
            self._settled[path] = state

    def forget(self, path: Path) -> None:
        """Forget all about the file at `path`."""
        self._waiting.pop(path, None)
        self._settled.pop(path, None)

    def reconsider(self, folder: Path, now: float) -> None:
        """Make the settled files below `folder` wait again."""
        for path in [path for path in self._settled if folder in path.parents]:
            again = _Waiting(self._settled.pop(path), now, now + self._settle_s, announced=True, arrived=False)
            self._waiting.setdefault(path, again)

    def keep_only(self, present: set[Path]) -> None:
        """Forget all files except those `present`."""
        for path in (self._waiting.keys() | self._settled.keys()) - present:
            self.forget(path)
