"""How long a run waits for other processes that work on the same folders, and what it says meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ganfx.errors import HeldError

# Takes a line for the user to read.
Note = Callable[[str], None]
WAIT_S = 60.0
# Seconds of a wait that need no word, and between looks.
_SILENT_S, _SHORTEST_S, _LONGEST_S = 1.0, 0.005, 0.1


@dataclass
class Patience:
    """How long to wait for others.

    wait_s: seconds until a wait is given up; each time that another process gets on, they begin anew.
    say: called with a line for the user, once for each process that is waited for.
    pause: called with seconds to sleep; what it raises ends the wait.
    """

    wait_s: float = WAIT_S
    say: Note = lambda line: None
    pause: Callable[[float], None] = time.sleep
    _said: set[str] = field(default_factory=set)
    _given_up: set[str] = field(default_factory=set)

    def wait(self, began: float, what: str, holder: Callable[[], str], *, least_s: float = 0.0) -> None:
        """Wait a little for `what`, which `holder` has; `began` is when that wait began, on the monotonic clock.

        Raises HeldError once it took longer than `wait_s`, and than `least_s`; at once where that happened before, and
        `what` was not `got` since.
        """
        waited, limit = time.monotonic() - began, max(self.wait_s, least_s)
        if waited >= limit or what in self._given_up:
            name = holder()
            error = HeldError(f"{name} holds {what}", hint=_remedy(name))
            error.repeated = what in self._given_up
            self._given_up.add(what)
            raise error
        if waited >= min(_SILENT_S, limit / 2):
            self._say_once(holder(), what, limit)
        self.pause(min(max(_SHORTEST_S, waited / 4), _LONGEST_S))

    def got(self, what: str) -> None:
        """Note that `what` was free."""
        self._given_up.discard(what)

    def _say_once(self, holder: str, what: str, limit: float) -> None:
        if holder not in self._said:
            self._said.add(holder)
            self.say(f"{holder} holds {what}: waiting for up to {limit:g} s (--wait)")


def _remedy(holder: str) -> str:
    if "stopped" in holder:
        return "let it go on with `kill -CONT`, or end it; then run this again"
    return "run this again once it has ended, or wait longer with --wait SECONDS"
