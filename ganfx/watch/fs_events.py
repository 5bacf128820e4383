"""Where paths come to the watcher's notice: the system's events, and looks into the folder."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

# What only reads a file is left out: the watcher reads them itself.
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
# What it logs, the looks into the folder make up for.
logging.getLogger("watchdog").addHandler(logging.NullHandler())
# A storm of events wakes the watcher no more often than this.
_GATHER_S = 0.05


class ChangedPaths:
    """Paths that something happened to, each kept once until it is taken. `events` counts what the system told."""

    def __init__(self) -> None:
        self.events = 0
        self._lock = threading.Lock()
        self._paths: set[Path] = set()
        # Its put may be called from a signal handler, where a lock or an Event may not.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()

    def add(self, *paths: Path) -> None:
        """Take note of `paths`, from any thread."""
        with self._lock:
            self.events += 1
            new = not self._paths.issuperset(paths)
            self._paths.update(paths)
        if new:
            self._bell.put(None)

    def wake(self) -> None:
        """End a `take` that waits; may be called from a signal handler."""
        self._bell.put(None)

    def take(self, timeout_s: float) -> set[Path]:
        """All paths noted since the last time; waits up to `timeout_s` seconds, if at all, for the first."""
        if timeout_s > 0:
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=timeout_s)
                time.sleep(_GATHER_S)
        with self._lock:
            # One ring for each path at most: what is taken now rings no more.
            while not self._bell.empty():
                self._bell.get_nowait()
            paths, self._paths = self._paths, set()
        return paths


class _Handler(FileSystemEventHandler):
    def __init__(self, changed: ChangedPaths) -> None:
        self._changed = changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        names = (os.fsdecode(name) for name in (event.src_path, event.dest_path) if name)
        # Hidden files change all the time, the journal of this very watcher among them.
        paths = [Path(name) for name in names if not is_hidden(Path(name).name)]
        if paths:
            self._changed.add(*paths)


class Events:
    """The system's own events below `folder`, told to `changed` from a thread of its own, while they can be had."""

    def __init__(self, folder: Path, changed: ChangedPaths) -> None:
        self._folder, self._changed = folder, changed
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None

    @property
    def are_heard(self) -> bool:
        """Whether they began, and did not end."""
        return self._observer is not None

    def start(self) -> None:
        """Begin, or begin again where another folder stands in this place. Raises OSError where the system refuses."""
        found = os.stat(self._folder)
        if self._identity == (found.st_dev, found.st_ino):
            return
        self.stop()
        observer = Observer()
        observer.schedule(_Handler(self._changed), str(self._folder), recursive=True, event_filter=_EVENTS)
        try:
            observer.start()
        except OSError:
            observer.stop()
            raise
        self._observer, self._identity = observer, (found.st_dev, found.st_ino)

    def stop(self) -> None:
        """End, and wait for the thread."""
        if self._observer:
            self._observer.stop()
            self._observer.join()
        self._observer = self._identity = None


def is_hidden(name: str) -> bool:
    """Whether a file or folder of that name is none of the user's pictures."""
    return name.startswith(".")


def files_below(folder: Path, skipped: frozenset[Path], on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """The files in `folder` and its sub-folders but hidden ones and what lies in the folders `skipped`.

    Linked folders are not entered. Folders that cannot be read are told to `on_error`.
    """
    for root, folders, names in os.walk(folder, onerror=on_error):
        here = Path(root)
        folders[:] = sorted(name for name in folders if not is_hidden(name) and here / name not in skipped)
        yield from (here / name for name in sorted(names) if not is_hidden(name))
