"""How long a run waits for other processes that work on the same folders, and what it says meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ganfx.errors import HeldError

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
    say: Callable[[str], None] = lambda line: None
    pause: Callable[[float], None] = time.sleep
    _said: set[str] = field(default_factory=set)

    def wait(self, began: float, what: str, holder: Callable[[], str]) -> None:
        """Wait a little for `what`, which `holder` has; `began` is when that wait began, on the monotonic clock.

        Raises HeldError once it took longer than `wait_s`.
        """
        waited = time.monotonic() - began
        if waited >= self.wait_s:
            name = holder()
            raise HeldError(f"{name} holds {what}", hint=_remedy(name))
        if waited >= min(_SILENT_S, self.wait_s / 2):
            self._say_once(holder(), what)
        self.pause(min(max(_SHORTEST_S, waited / 4), _LONGEST_S))

    def _say_once(self, holder: str, what: str) -> None:
        if holder not in self._said:
            self._said.add(holder)
            self.say(f"{holder} holds {what}: waiting for up to {self.wait_s:g} s (--wait)")


def _remedy(holder: str) -> str:
    if "stopped" in holder:
        return "let it go on with `kill -CONT`, or end it; then run this again"
    return "run this again once it has ended, or wait longer with --wait SECONDS"
