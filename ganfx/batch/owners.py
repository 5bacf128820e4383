"""Which process owns a claim, and whether that process still runs."""

from __future__ import annotations

import os
import platform
import secrets
import time
from dataclasses import dataclass

import psutil

# Seconds for which a claim from another computer is honored, since its process cannot be checked.
FOREIGN_CLAIM_S = 3600
# Tolerance when start times of processes are compared: they are derived from the clock, which may be adjusted.
_START_TOLERANCE_S = 5.0
# Tokens of the owners of this process that were not released.
_held: set[str] = set()


@dataclass(frozen=True)
class Owner:
    """One open journal of one process.

    since: the start of the process, in seconds since 1970.
    token: identifies the journal among those of the process.
    """

    host: str
    pid: int
    since: float
    token: str

    @classmethod
    def new(cls) -> Owner:
        """A new owner in this process, alive until `release`."""
        token = secrets.token_hex(8)
        _held.add(token)
        return cls(platform.node(), os.getpid(), psutil.Process().create_time(), token)

    def release(self) -> None:
        """Give up all claims."""
        _held.discard(self.token)

    def lives(self, claimed: float) -> bool:
        """Whether the owner of a claim made at `claimed` (seconds since 1970) may still be working on it."""
        if self.host != platform.node():
            return time.time() - claimed < FOREIGN_CLAIM_S
        if self.pid == os.getpid():
            return self.token in _held
        return is_alive(self.pid, self.since)


def is_alive(pid: int, since: float) -> bool:
    """Whether the process `pid` of this computer that started at `since` (seconds since 1970) still runs."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - since) < _START_TOLERANCE_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
