"""Watches a folder by events and by scans, and knows which of its files have stopped changing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from ganfx.atomic import reason_of
from ganfx.batch.recipes import FILE
from ganfx.watch.fs_events import ChangedPaths, Events, FolderIdentity, files_below, is_hidden
from ganfx.watch.stability import FileState, StabilityTracker

# Seconds between scans where events are not available or were missed.
UNTRUSTED_S = 5.0


class FolderMonitor:
    """The files below `source`, except those below the folders `skipped`.

    It scans the folder every `rescan_s` seconds, and more often while scans find files that no event named. With
    `poll_s` it uses scans alone, at that interval in seconds. `on_note` is called with lines for users to read.

    unread: how many folders the last scan could not read.
    """

    def __init__(
        self,
        source: Path,
        skipped: frozenset[Path],
        on_note: Callable[[str], None],
        *,
        settle_s: float,
        rescan_s: float,
        poll_s: float | None = None,
    ) -> None:
        self._source, self._skipped, self._on_note = source, skipped, on_note
        self.stability = StabilityTracker(settle_s)
        self._settle_s, self._rescan_s = settle_s, poll_s or rescan_s
        self._changed = ChangedPaths()
        self._events = None if poll_s else Events(source, self._changed)
        self._pause_s = self._rescan_s
        self._next_scan = time.monotonic()
        self._folder = FolderIdentity(source)
        self._scanned = self._missed = self._told_missed = False
        self._problem = ""
        self.unread = 0

    @property
    def events(self) -> int:
        """The number of events so far."""
        return self._changed.events

    @property
    def method(self) -> str:
        """How changes are noticed, in words."""
        listening = self._events is not None and self._events.are_received
        return f"{'events, and ' if listening else ''}a look every {self._pause_s:g} s"

    def wake(self) -> None:
        """Make a waiting `wait` return; may be called from a signal handler."""
        self._changed.wake()

    def wait(self, until: float) -> None:
        """Wait for events, no longer than `until` on the monotonic clock, and record them; scan where that is due."""
        soonest = min(until, self._next_scan)
        for path in self._changed.take(soonest - time.monotonic()):
            self._record(path)
        if time.monotonic() >= self._next_scan:
            self.scan()

    def _record(self, path: Path) -> None:
        now = time.monotonic()
        if not self._is_watched(path):
            return
        if os.path.isdir(path):
            # Files that came into it before its events were received are found by a scan.
            self._next_scan = min(self._next_scan, now + self._settle_s)
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
        """The pictures to check now. Where a ganfx.toml is due, the pictures it applies to wait again."""
        now = time.monotonic()
        due = self.stability.due(now)
        for recipe in (path for path in due if path.name == FILE):
            self.stability.reconsider(recipe.parent, now)
            if (state := FileState.of(recipe)) is not None:
                self.stability.settle(recipe, state)
        return [path for path in due if path.name != FILE]

    def scan(self) -> None:
        """Scan the whole folder now."""
        problem: OSError | None = None
        try:
            self._folder.check()
            if self._events:
                self._events.start()
        except OSError as error:
            problem = error
        errors: list[OSError] = [problem] if problem and problem.filename else []
        self._see_all(errors)
        self.unread = len(errors)
        self._report(errors or ([problem] if problem else []))
        self._schedule(trusted=problem is None and not self._missed)

    def _see_all(self, errors: list[OSError]) -> None:
        """Record the states of all files, and forget those that are gone if there are no `errors`."""
        present = set()
        for path in () if errors else files_below(self._source, self._skipped, errors.append):
            present.add(path)
            self.stability.see(path, FileState.of(path), time.monotonic(), at_start=not self._scanned)
        self._scanned = self._scanned or bool(present) or not errors
        if not errors:
            self.stability.keep_only(present)

    def _schedule(self, *, trusted: bool) -> None:
        self._pause_s = min(2 * self._pause_s if trusted else UNTRUSTED_S, self._rescan_s)
        self._missed = False
        self._next_scan = time.monotonic() + self._pause_s

    def _report(self, errors: list[OSError]) -> None:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        problem = "".join(f"{one.filename or self._source}: {reason_of(one)}{more}" for one in errors[:1])
        if problem and problem != self._problem:
            self._on_note(f"{problem}; looking again and again")
        self._problem = problem

    def check_announced(self, picture: Path) -> None:
        """Scan more often for a while if events are received, but none named `picture`, a waiting one."""
        if self._events and not self._missed and not self.stability.was_announced(picture):
            self._missed = True
            self._next_scan = min(self._next_scan, time.monotonic() + UNTRUSTED_S)
            if not self._told_missed:
                cause = "a network drive, or more folders than the system gives events of"
                self._on_note(f"{picture}: no event told of it ({cause}); looking more often for a while")
            self._told_missed = True

    def close(self) -> None:
        """Stop receiving events."""
        if self._events:
            self._events.stop()
