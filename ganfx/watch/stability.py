"""Which files of a watched folder stand still, and when to look at each again. Knows no clock and no disk."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileState:
    """What tells one state of a file from the next without reading it."""

    size_bytes: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileState | None:
        """The present state of the file at `path`; None where there is none, or it cannot be looked at."""
        try:
            found = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass
class _Waiting:
    state: FileState
    since: float
    due: float
    announced: bool
    arrived: bool
    pauses: int = 0
    failing: str = ""


class StabilityTracker:
    """The files that wait until they stood still for `settle_s` seconds, and those that are done with as they are.

    All times are seconds of one clock that never goes back.
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
        """Take note that `path` is in `state` (None: gone). A file that changed begins to wait anew.

        `announced` is whether an event drew the attention to it, `at_start` whether it was there from the start.
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
        """The files to look at now, those that waited longest first; they go on waiting until told otherwise."""
        found = [(waiting.due, path) for path, waiting in self._waiting.items() if waiting.due <= now]
        return [path for _, path in sorted(found)]

    def next_due(self) -> float | None:
        """When the next file is to be looked at, or None while nothing waits."""
        return min((waiting.due for waiting in self._waiting.values()), default=None)

    def is_due(self, path: Path, now: float) -> bool:
        """Whether `path` waits, and has waited long enough."""
        waiting = self._waiting.get(path)
        return waiting is not None and waiting.due <= now

    def stood_still_s(self, path: Path, now: float) -> float:
        """For how many seconds a waiting file has not changed."""
        return now - self._waiting[path].since

    def was_announced(self, path: Path) -> bool:
        """Whether an event told of a waiting file, unless it was there from the start."""
        return self._waiting[path].announced

    def has_arrived(self, path: Path) -> bool:
        """Whether a waiting file was not there, neither so nor otherwise, when it was first seen."""
        return self._waiting[path].arrived

    def failing(self) -> list[str]:
        """Why those files that are tried again failed, since they last changed."""
        return [waiting.failing for waiting in self._waiting.values() if waiting.failing]

    def postpone(self, path: Path, now: float, pause_s: float, longest_s: float, *, failing: str = "") -> None:
        """Look at a waiting file again after `pause_s`, twice as long each time, up to `longest_s` seconds.

        `failing` is why, where it was tried. Nothing happens where it is gone.
        """
        if waiting := self._waiting.get(path):
            waiting.failing = failing
            waiting.due = now + min(pause_s * 2.0 ** min(waiting.pauses, 30), longest_s)
            waiting.pauses += 1

    def settle(self, path: Path, state: FileState) -> None:
        """Be done with a waiting file as it was in `state`; if it is in another by now, it goes on waiting."""
        if path in self._waiting and self._waiting[path].state == state:
            del self._waiting[path]
            self._settled[path] = state

    def forget(self, path: Path) -> None:
        """Know nothing of the file at `path`."""
        self._waiting.pop(path, None)
        self._settled.pop(path, None)

    def reconsider(self, folder: Path, now: float) -> None:
        """Be done no longer with the files below `folder`."""
        for path in [path for path in self._settled if folder in path.parents]:
            again = _Waiting(self._settled.pop(path), now, now + self._settle_s, announced=True, arrived=False)
            self._waiting.setdefault(path, again)

    def missing(self, present: set[Path]) -> None:
        """Forget every file but those `present`."""
        for path in (self._waiting.keys() | self._settled.keys()) - present:
            self.forget(path)
