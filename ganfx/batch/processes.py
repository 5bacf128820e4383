"""Processes of this computer: whether one still runs, whatever happens to the clock, and how people know it."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
from pathlib import Path

import psutil

_IS_LINUX = sys.platform == "linux"
# Linux counts the starts of processes in ticks, exactly; elsewhere they are derived from the clock, which may be set.
_START_TOLERANCE_S = 0.0 if _IS_LINUX else 5.0
# The 22nd field of /proc/PID/stat; the second one, the name, ends with the last bracket and may contain anything.
_START_FIELD = 22 - 3
# The bytes of a database that SQLite locks.
_LOCKED = range(0x40000000, 0x40000000 + 512)


@functools.cache
def boot_id() -> str:
    """Another text after each start of the computer, on Linux; empty elsewhere."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def start_of(pid: int) -> float:
    """When the process `pid` started, in seconds: on Linux since the computer did, elsewhere since 1970.

    Raises psutil.Error, ValueError or OverflowError where there is no such process.
    """
    if not _IS_LINUX:
        return psutil.Process(pid).create_time()
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError as error:
        raise psutil.NoSuchProcess(pid) from error
    return int(fields[_START_FIELD]) / os.sysconf("SC_CLK_TCK")


def is_alive(pid: int, start: float, boot: str) -> bool:
    """Whether the process `pid` of this computer still runs that began at `start` (see `start_of`) after `boot`."""
    try:
        same = boot == boot_id() and abs(start_of(pid) - start) <= _START_TOLERANCE_S
        return same and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        # The last two: there can be no such process.
        return False
    except psutil.AccessDenied:
        return True


def describe_process(pid: int) -> str:
    """The process `pid` of this computer for people: its number, since when it runs, and whether it is stopped."""
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
