"""Which process owns a claim, and whose a file is."""

from __future__ import annotations

import os
import platform
import secrets
import stat
import time
from dataclasses import dataclass

from ganfx.batch.processes import boot_id, describe_process, is_alive, start_of

# Seconds for which a claim from another computer is honored, since its process cannot be checked.
FOREIGN_CLAIM_S = 3600
# Tokens of the owners of this process that were not released.
_held: set[str] = set()


@dataclass(frozen=True)
class Owner:
    """One open journal of one process.

    start: the start of the process, see `start_of`.
    token: identifies the journal among all; begins with the `boot_id`, and a colon.
    """

    host: str
    pid: int
    start: float
    token: str

    @classmethod
    def new(cls) -> Owner:
        """A new owner in this process, alive until `release`."""
        token = f"{boot_id()}:{secrets.token_hex(8)}"
        _held.add(token)
        return cls(platform.node(), os.getpid(), start_of(os.getpid()), token)

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
        return is_alive(self.pid, self.start, self.token.partition(":")[0])


def describe(owner: Owner) -> str:
    """The process of `owner` for people: its number, since when it runs, and whether it is stopped."""
    if not owner.is_here:
        return f"process {owner.pid} on {owner.host}"
    return describe_process(owner.pid)


def is_mine(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to the user; on Windows, where that is not told, always."""
    return os.name == "nt" or found.st_uid == os.geteuid()


def is_plain(found: os.stat_result) -> bool:
    """Whether it is a regular file of the user's own with no other name."""
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and is_mine(found)
