"""A folder watched: events, looks into it now and then, and the files there that stand still."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ganfx.batch.recipes import FILE
from ganfx.watch.disks import SameFolder
from ganfx.watch.fs_events import ChangedPaths, Events, files_below, is_hidden
from ganfx.watch.stability import FileState, StabilityTracker

# How often to look where events cannot be had, or cannot be trusted.
UNTRUSTED_S = 5.0


class FolderMonitor:
    """The files below `source` and not below the folders `skipped`; `tell` is told what people should know.

    Looks into the folder every `rescan_s` seconds, and more often while that finds what no event told of. With `poll_s`
    it goes by looks alone, at that interval.
    """

    def __init__(
        self,
        source: Path,
        skipped: frozenset[Path],
        tell: Callable[[str], None],
        *,
        settle_s: float,
        rescan_s: float,
        poll_s: float | None = None,
    ) -> None:
        self._source, self._skipped, self._tell = source, skipped, tell
        self.stability = StabilityTracker(settle_s)
        self._settle_s, self._rescan_s = settle_s, poll_s or rescan_s
        self._changed = ChangedPaths()
        self._events = None if poll_s else Events(source, self._changed)
        self._pause_s = self._rescan_s
        self._next_look = time.monotonic()
        self._folder = SameFolder(source)
        self._looked = self._missed = False
        self._problem = ""

    @property
    def events(self) -> int:
        """How many events the system told of."""
        return self._changed.events

    @property
    def manner(self) -> str:
        """How changes are noticed, in words."""
        listening = self._events is not None and self._events.are_heard
        return f"{'events, and ' if listening else ''}a look every {self._pause_s:g} s"

    def wake(self) -> None:
        """End a `gather` that waits; may be called from a signal handler."""
        self._changed.wake()

    def gather(self, until: float) -> None:
        """Wait for what happens next, no longer than `until` on the monotonic clock, and take note of it."""
        soonest = min(until, self._next_look)
        for path in self._changed.take(soonest - time.monotonic()):
            self._notice(path)
        if time.monotonic() >= self._next_look:
            self.look()

    def _notice(self, path: Path) -> None:
        now = time.monotonic()
        if not self._is_watched(path):
            return
        if path.is_dir():
            # What came into it before the system listened there is found by a look.
            self._next_look = min(self._next_look, now + self._settle_s)
        else:
            state = FileState.of(path)
            self.stability.see(path, state, now, announced=True)
            if state is None and path.name == FILE:
                self.stability.reconsider(path.parent, now)

    def _is_watched(self, path: Path) -> bool:
        if not path.is_relative_to(self._source) or any(path.is_relative_to(folder) for folder in self._skipped):
            return False
        return not any(is_hidden(part) for part in path.relative_to(self._source).parts)

    def due(self) -> list[Path]:
        """The files to look at now. Where a recipe is among them, all that is done by it is due again."""
        now = time.monotonic()
        due = self.stability.due(now)
        for recipe in (path for path in due if path.name == FILE):
            self.stability.reconsider(recipe.parent, now)
            if (state := FileState.of(recipe)) is not None:
                self.stability.settle(recipe, state)
        return [path for path in due if path.name != FILE]

    def look(self) -> None:
        """Look into the whole folder now."""
        problem: OSError | None = None
        try:
            self._folder.check()
            if self._events:
                self._events.start()
        except OSError as error:
            problem = error
        errors: list[OSError] = [problem] if problem and problem.filename else []
        self._see_all(errors)
        self._report(next(iter(errors), problem))
        self._schedule(trusted=problem is None and not self._missed)

    def _see_all(self, errors: list[OSError]) -> None:
        """Take note of all files, and of those that are gone unless there were or are `errors`."""
        present = set()
        for path in () if errors else files_below(self._source, self._skipped, errors.append):
            present.add(path)
            self.stability.see(path, FileState.of(path), time.monotonic(), at_start=not self._looked)
        self._looked = self._looked or bool(present) or not errors
        if not errors:
            self.stability.missing(present)

    def _schedule(self, *, trusted: bool) -> None:
        self._pause_s = min(2 * self._pause_s if trusted else UNTRUSTED_S, self._rescan_s)
        self._missed = False
        self._next_look = time.monotonic() + self._pause_s

    def _report(self, error: OSError | None) -> None:
        problem = "" if error is None else f"{error.filename or self._source}: {(error.strerror or str(error)).lower()}"
        if problem and problem != self._problem:
            self._tell(f"{problem}; looking again and again")
        self._problem = problem

    def doubt(self, picture: Path) -> None:
        """Look more often for a while if no event told of `picture`, a waiting one, though events are listened to."""
        if self._events and not self._missed and not self.stability.was_announced(picture):
            self._missed = True
            self._next_look = min(self._next_look, time.monotonic() + UNTRUSTED_S)
            self._tell(f"{picture}: no event told of it (is this a network drive?); looking more often for a while")

    def close(self) -> None:
        """Listen no more."""
        if self._events:
            self._events.stop()
