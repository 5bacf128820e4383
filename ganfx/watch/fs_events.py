"""How the watcher notices files: the operating system's events, and scans of the folder."""

from __future__ import annotations

import contextlib
import errno
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

from ganfx.incidents import unexpected

# Without the events of reading: the watcher itself reads files.
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
# Errors that watchdog logs need no attention: scans find what its events miss.
logging.getLogger("watchdog").addHandler(logging.NullHandler())
# Seconds in which events are collected after the first one, so that many events wake the watcher once.
_COLLECT_S = 0.05


class ChangedPaths:
    """The set of paths with events since the last `take`. Safe for several threads.

    events: the number of events so far.
    """

    def __init__(self) -> None:
        self.events = 0
        self._lock = threading.Lock()
        self._paths: set[Path] = set()
        # Unlike a lock or an Event, its put may be called from a signal handler.
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()

    def add(self, *paths: Path) -> None:
        """Add `paths` and count one event."""
        with self._lock:
            self.events += 1
            new = not self._paths.issuperset(paths)
            self._paths.update(paths)
        if new:
            self._wakeups.put(None)

    def wake(self) -> None:
        """Make a waiting `take` return; may be called from a signal handler."""
        self._wakeups.put(None)

    def take(self, timeout_s: float) -> set[Path]:
        """Remove and return all paths; waits up to `timeout_s` seconds for the first one, not at all for 0 or less."""
        if timeout_s > 0:
            with contextlib.suppress(queue.Empty):
                self._wakeups.get(timeout=timeout_s)
                time.sleep(_COLLECT_S)
        with self._lock:
            # Wake-ups for the paths that are returned now.
            while not self._wakeups.empty():
                self._wakeups.get_nowait()
            paths, self._paths = self._paths, set()
        return paths


class _Handler(FileSystemEventHandler):
    def __init__(self, changed: ChangedPaths) -> None:
        self._changed = changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        try:
            self._take(event)
        except Exception as error:
            # Otherwise the thread would end, and all further events be lost; scans find what this one told of.
            unexpected(error, event.src_path)

    def _take(self, event: FileSystemEvent) -> None:
        names = (os.fsdecode(name) for name in (event.src_path, event.dest_path) if name)
        # Hidden files include the journal, which the watcher writes itself.
        paths = [Path(name) for name in names if not is_hidden(Path(name).name)]
        if paths:
            self._changed.add(*paths)


class FolderIdentity:
    """Detects that a folder is gone, or that its drive was unmounted and only the empty mount point is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._first: os.stat_result | None = None

    def check(self) -> None:
        """Raises OSError where the folder is gone, or is another one on another drive than at the first check."""
        found = os.stat(self._folder)
        self._first = self._first or found
        # A drive mounted again may get another device number, and a folder made anew another inode; another folder on
        # another drive differs in both.
        if found.st_dev != self._first.st_dev and found.st_ino != self._first.st_ino:
            raise OSError(errno.ENODEV, "is not what it was (is the drive mounted?)", str(self._folder))


class Events:
    """Adds the events of the operating system below `folder` to `changed`, from a thread of its own."""

    def __init__(self, folder: Path, changed: ChangedPaths) -> None:
        self._folder, self._changed = folder, changed
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None

    @property
    def are_received(self) -> bool:
        """Whether it is started, and its threads live."""
        observer = self._observer
        return observer is not None and all(thread.is_alive() for thread in (observer, *observer.emitters))

    def start(self) -> None:
        """Start, or restart where the folder was replaced by another one or a thread ended.

        Raises OSError where the system refuses.
        """
        found = os.stat(self._folder)
        if self._identity == (found.st_dev, found.st_ino) and self.are_received:
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
        """Stop, and wait for the thread."""
        if self._observer:
            self._observer.stop()
            self._observer.join()
        self._observer = self._identity = None


def is_hidden(name: str) -> bool:
    """Whether a file or folder of that name is ignored."""
    return name.startswith(".")


def files_below(folder: Path, skipped: frozenset[Path], on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """The files in `folder` and its sub-folders, except hidden ones and those in the folders `skipped`.

    Symbolic links to folders are not followed. `on_error` is called for folders that cannot be read.
    """
    for root, folders, names in os.walk(folder, onerror=on_error):
        here = Path(root)
        folders[:] = sorted(name for name in folders if not is_hidden(name) and here / name not in skipped)
        yield from (here / name for name in sorted(names) if not is_hidden(name))
