"""Watched folders that the page starts: they end with it, or with the service."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

from ganfx.engine import EngineOptions
from ganfx.errors import GanfxError, GoneError, RequestError
from ganfx.watch import Watcher, open_watcher

# Seconds that pictures in work have to be finished when the service ends.
_END_S = 10.0
_MOST = 16


class Watch:
    """One watched folder, in a thread of its own."""

    def __init__(self, id_: str, watcher: Watcher) -> None:
        self.id, self._watcher, self._error = id_, watcher, ""
        self._thread = threading.Thread(target=self._run, name="ganfx-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for _ in self._watcher.run():
                pass
        except GanfxError as error:
            self._error = str(error)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish the pictures in work, and end."""
        self._watcher.stop()

    def join(self) -> None:
        """Wait for the end, for a while."""
        self._thread.join(_END_S)

    def as_json(self) -> dict[str, Any]:
        """The state as plain data."""
        health = self._watcher.health
        return {
            "id": self.id,
            "running": self.is_running,
            "source": health.source,
            "output": health.output,
            "recipe": health.recipe,
            "done": health.done,
            "failed": health.failed,
            "waiting": health.waiting,
            "error": self._error or health.last_error,
        }


class Watches:
    """All of them. `note` is called with lines for the log."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._watches: dict[str, Watch] = {}

    def start(self, source: str, output: str, steps: str, engine: EngineOptions) -> Watch:
        """Watch the folder `source` from now on. Raises RequestError, OptionError, WatchedError or ModelError."""
        if sum(watch.is_running for watch in self._watches.values()) >= _MOST:
            raise RequestError(f"{_MOST} folders are watched already", hint="stop one of them")
        watcher = open_watcher(source, output, steps, engine=engine, on_note=self._note)
        watch = Watch(secrets.token_urlsafe(9), watcher)
        self._watches[watch.id] = watch
        return watch

    def stop(self, id_: str) -> None:
        """Stop one; one that has ended is forgotten. Raises GoneError."""
        if id_ not in self._watches:
            raise GoneError("there is no such watched folder")
        if self._watches[id_].is_running:
            self._watches[id_].stop()
        else:
            del self._watches[id_]

    def end(self) -> None:
        """Stop all, and wait for the pictures in work."""
        for watch in self._watches.values():
            watch.stop()
        for watch in self._watches.values():
            watch.join()

    @property
    def is_running(self) -> bool:
        """Whether a folder is watched."""
        return any(watch.is_running for watch in self._watches.values())

    def as_json(self) -> list[dict[str, Any]]:
        """All as plain data, the oldest first."""
        return [watch.as_json() for watch in self._watches.values()]
