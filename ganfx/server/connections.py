"""Limits of connections: how many there may be, and how long one may take to say what it wants.

Any program of any user on this computer can connect; only after the head of a request with the token is a connection
known to be the owner's. Connections that have not shown it are counted apart, and the oldest of them gives way to a
new one, so that they cannot use up descriptors or memory, and never keep out a client that shows the token at once.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from ganfx.errors import BusyError
from ganfx.server import pace

# The key of a request's connection in the scope's state.
CONNECTION = "connection"
# Max time for a request's head, and from an answer's end to the next head.
HEAD_S = 10.0
MOST_STRANGERS = 512
_MOST_KNOWN = 256
# Descriptors for all else: models, the log, what libraries open.
_OWN_DESCRIPTORS = 128
_FEWEST_DESCRIPTORS = 160


@dataclass(frozen=True)
class Limits:
    """Max numbers of open connections.

    strangers   that have not shown the token yet
    known       that have
    at_once     that are accepted in one go: less than half of the strangers, so that each is read before it is the
                oldest
    """

    strangers: int
    known: int

    @property
    def at_once(self) -> int:
        return max(1, self.strangers // 4)


def limits_for(descriptors: int) -> Limits:
    """The limits for a process that may have `descriptors` open."""
    room = max(descriptors, _FEWEST_DESCRIPTORS) - _OWN_DESCRIPTORS
    strangers = min(MOST_STRANGERS, room * 2 // 3)
    return Limits(strangers, min(_MOST_KNOWN, room - strangers))


def allowed_descriptors() -> int:
    """How many descriptors this process may open, after raising its limit as far as is needed and allowed."""
    wanted = MOST_STRANGERS + _MOST_KNOWN + _OWN_DESCRIPTORS
    if sys.platform == "win32":
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


class Connections:
    """All open connections of a service, within `limits`."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        # The oldest first.
        self._strangers: dict[Connection, None] = {}
        self._known: set[Connection] = set()

    def protocol(self) -> Callable[..., Connection]:
        """What uvicorn calls for each new connection."""
        return functools.partial(Connection, self)

    def add(self, connection: Connection) -> None:
        """Count a new connection; the oldest stranger is closed if there are too many."""
        self._strangers[connection] = None
        if len(self._strangers) > self.limits.strangers:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.abort()

    def recognize(self, connection: Connection) -> None:
        """Count a connection as the owner's from now on. Raises BusyError if there are too many of those."""
        if connection in self._known:
            return
        if len(self._known) >= self.limits.known:
            raise BusyError(f"{len(self._known)} connections are open already", hint="try again in a while")
        self._strangers.pop(connection, None)
        self._known.add(connection)

    def knows(self, connection: Connection) -> bool:
        """Whether a connection has shown the token."""
        return connection in self._known

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._strangers.pop(connection, None)
        self._known.discard(connection)


class Connection(H11Protocol):
    """One connection. It is closed if it is without a request under way for longer than its time limit."""

    def __init__(self, connections: Connections, *, app_state: dict[str, Any], **arguments: Any) -> None:
        super().__init__(app_state=app_state | {CONNECTION: self}, **arguments)
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None

    def recognize(self) -> None:
        """Count this connection as the owner's. Raises BusyError."""
        self._connections.recognize(self)

    def abort(self) -> None:
        """Close at once; what is not sent yet is lost."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._connections.add(self)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        """Start the time limit of a request's head, or stop it while a request is under way.

        The head's bytes do not prolong it. It covers the sending of an answer's end, too.
        """
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_timer()
        elif self._timer is None:
            limit_s = pace.SILENCE_S if self._connections.knows(self) else HEAD_S
            self._timer = self.loop.call_later(limit_s, self.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
