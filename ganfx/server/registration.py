"""The address file, by which clients find the running service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import time
from pathlib import Path

from ganfx import __version__
from ganfx.server.app import Service
from ganfx.server.state_dir import ADDRESS, LOCK, write_private

HOST = "127.0.0.1"
# Time between removing the address file and shutting down.
_GRACE_S = 1.0
_log = logging.getLogger(__name__)
# Device, inode and time of change of a file.
_Identity = tuple[int, int, int]


class Registration:
    """The address file in the state folder `folder`, whose lock this process holds.

    It is removed before the service shuts down. While the service runs, a file that is gone or altered is written
    anew: a client with a wrong token would wait for a service that never accepts it.
    """

    def __init__(self, folder: Path, port: int, service: Service, idle_s: float) -> None:
        self.path, self.token = folder / ADDRESS, secrets.token_urlsafe(32)
        self._lock = folder / LOCK
        self._lock_inode = _inode(self._lock)
        self._address = {
            "host": HOST,
            "port": port,
            "token": self.token,
            "pid": os.getpid(),
            "version": __version__,
        }
        self.service, self._idle_s = service, idle_s
        self._written: _Identity | None = None

    def publish(self) -> None:
        """Write the address file. Raises ServerError."""
        write_private(self.path, self._address)
        self._written = _identity(self.path)
        _log.info("listening on port %d, process %d, version %s", self._address["port"], os.getpid(), __version__)

    def restore(self) -> bool:
        """Publish again if somebody removed or altered the file. False if the folder is not this service's any more.

        Then another service may run in it, whose file must stay. Raises ServerError.
        """
        if _inode(self._lock) != self._lock_inode:
            _log.warning("the lock is gone from %s", self._lock.parent)
            return False
        if _identity(self.path) != self._written:
            self.publish()
        return True

    def withdraw(self) -> None:
        """Remove the address file, if it is this service's."""
        if self._written is not None and _identity(self.path) == self._written:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._written = None

    async def withdraw_if_idle(self) -> bool:
        """Whether to shut down: the service was idle for idle_s, and stays so after the address file is removed."""
        if not self._is_idle:
            return False
        self.withdraw()
        # A client may have read the address just before.
        await asyncio.sleep(_GRACE_S)
        if self._is_idle:
            return True
        self.publish()
        return False

    @property
    def _is_idle(self) -> bool:
        unused_s = time.monotonic() - self.service.last_used
        return bool(self._idle_s) and self.service.is_idle and unused_s > self._idle_s


def _identity(path: Path) -> _Identity | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _inode(path: Path) -> tuple[int, int] | None:
    found = _identity(path)
    return found and found[:2]
