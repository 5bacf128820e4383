"""Which process owns a claim or a lock, and whether that process still runs."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import stat
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

# Seconds for which a claim from another computer is honored, since its process cannot be checked.
FOREIGN_CLAIM_S = 3600
# Tolerance when start times of processes are compared: they are derived from the clock, which may be adjusted.
_START_TOLERANCE_S = 5.0
# The bytes of a database that SQLite locks.
_LOCKED = range(0x40000000, 0x40000000 + 512)
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

    @property
    def is_here(self) -> bool:
        """Whether the process runs, or ran, on this computer."""
        return self.host == platform.node()

    def lives(self, claimed: float) -> bool:
        """Whether the owner of a claim made at `claimed` (seconds since 1970) may still be working on it."""
        if not self.is_here:
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
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        # The last two: there can be no such process.
        return False
    except psutil.AccessDenied:
        return True


def describe(owner: Owner) -> str:
    """The process of `owner` for people: its number, since when it runs, and whether it is stopped."""
    if not owner.is_here:
        return f"process {owner.pid} on {owner.host}"
    return describe_process(owner.pid)


def describe_process(pid: int) -> str:
    """The process `pid` of this computer for people."""
    try:
        process = psutil.Process(pid)
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time()))
        stopped = ", stopped" if process.status() == psutil.STATUS_STOPPED else ""
    except (psutil.Error, ValueError, OverflowError):
        return f"process {pid}"
    return f"process {pid} (since {since}{stopped})"


def describe_holder(database: Path) -> str:
    """The process that holds a lock on `database` for people; on Linux the system tells which."""
    with contextlib.suppress(OSError, ValueError):
        inode = os.stat(database).st_ino
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            _, kind, _, mode, pid, place, first, *_ = line.split()
            if kind == "POSIX" and mode == "WRITE" and place.endswith(f":{inode}") and int(first) in _LOCKED:
                return describe_process(int(pid))
    return "another process"


def is_mine(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to the user; on Windows, where that is not told, always."""
    return os.name == "nt" or found.st_uid == os.geteuid()


def is_plain(found: os.stat_result) -> bool:
    """Whether it is a regular file of the user's own with no other name."""
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and is_mine(found)
