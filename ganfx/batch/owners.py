"""Which process a claim belongs to, and whether that still lives."""

from __future__ import annotations

import os
import platform
import secrets
import time
from dataclasses import dataclass

import psutil

# Another machine's process cannot be asked: its claims count for so long.
FOREIGN_CLAIM_S = 3600
# The start of a process is reckoned from the clock, which may be set in between.
_SLACK_S = 5.0
_held: set[str] = set()


@dataclass(frozen=True)
class Owner:
    """One opened journal of one process; since is the start of that process (seconds since 1970)."""

    host: str
    pid: int
    since: float
    token: str

    @classmethod
    def new(cls) -> Owner:
        """This process, as an owner of its own; it lives until `release`."""
        token = secrets.token_hex(8)
        _held.add(token)
        return cls(platform.node(), os.getpid(), psutil.Process().create_time(), token)

    def release(self) -> None:
        """Own nothing any more."""
        _held.discard(self.token)

    def lives(self, claimed: float) -> bool:
        """Whether the owner of what was `claimed` then (seconds since 1970) may still be at work on it."""
        if self.host != platform.node():
            return time.time() - claimed < FOREIGN_CLAIM_S
        if self.pid == os.getpid():
            return self.token in _held
        return is_alive(self.pid, self.since)


def is_alive(pid: int, since: float) -> bool:
    """Whether the process that began at `since` (seconds since 1970) as `pid` of this computer still runs."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - since) < _SLACK_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
