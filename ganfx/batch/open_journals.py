"""The journals that a run has open."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ganfx.batch.homes import Home
from ganfx.batch.journal import Journal
from ganfx.batch.patience import Patience
from ganfx.batch.records import followed

_OPEN_JOURNALS = 8


class OpenJournals:
    """The journals of several folders: opened when needed, and closed when unused and more than `_OPEN_JOURNALS`.

    given: one to use for its folder; it is not closed.
    patience: with other processes; its `say` is also told what was wrong with the journals found.
    """

    def __init__(self, given: Journal | None, patience: Patience) -> None:
        self._given, self._patience = given, patience
        self._opened: dict[Path, Journal] = {}
        self._used: Counter[Path] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def open(self, home: Home) -> Iterator[Journal]:
        """The journal of `home`, whose folder must exist. Raises OutputError."""
        folder = followed(home.folder)
        if self._given and self._given.folder == folder:
            yield self._given
            return
        journal = self._take(folder, home)
        try:
            yield journal
        finally:
            self._give_back(folder)

    def _take(self, folder: Path, home: Home) -> Journal:
        with self._lock:
            if folder not in self._opened:
                journal = self._opened[folder] = Journal(home, self._patience)
                for note in journal.notes:
                    self._patience.say(note)
            self._used[folder] += 1
            return self._opened[folder]

    def _give_back(self, folder: Path) -> None:
        with self._lock:
            self._used[folder] -= 1
            idle = [folder for folder in self._opened if not self._used[folder]]
            for folder in idle[: max(0, len(self._opened) - _OPEN_JOURNALS)]:
                self._opened.pop(folder).close()
                del self._used[folder]

    def close(self) -> None:
        """Close all but the one given."""
        for journal in self._opened.values():
            journal.close()
        self._opened.clear()
