"""Sessions of the page in the browser: a ticket in the address's fragment becomes a cookie and a path, once.

Cookies know no ports: a page that another user serves at another port of this computer gets them, too. So the cookie is
for a path of its own, which is as hard to guess as the cookie and never leaves the page; either is worth nothing alone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

COOKIE = "ganfx"
# Seconds in which a ticket has to be shown.
TICKET_S = 120.0
_MOST = 64


class Sessions:
    """Tickets not used yet, and sessions begun. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tickets: dict[str, float] = {}
        # The cookie of each path.
        self._cookies: dict[str, str] = {}

    def ticket(self) -> str:
        """A new ticket; the oldest one gives way where there are many."""
        ticket = secrets.token_urlsafe(32)
        self._tickets[ticket] = self._clock()
        while len(self._tickets) > _MOST:
            del self._tickets[next(iter(self._tickets))]
        return ticket

    def begin(self, ticket: str) -> tuple[str, str] | None:
        """The (path, cookie) of a new session for a ticket, which is used up; None where it is wrong or late."""
        known = next((one for one in self._tickets if secrets.compare_digest(one.encode(), ticket.encode())), None)
        if known is None or self._clock() - self._tickets.pop(known) > TICKET_S:
            return None
        path, cookie = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
        self._cookies[path] = cookie
        while len(self._cookies) > _MOST:
            del self._cookies[next(iter(self._cookies))]
        return path, cookie

    def knows(self, path: str, cookie: str) -> bool:
        """Whether `cookie` is that of the session at `path`."""
        return secrets.compare_digest(self._cookies.get(path, "").encode(), cookie.encode()) and bool(cookie)
