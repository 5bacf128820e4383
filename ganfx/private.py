"""Folders and files that are the user's alone: nobody else may have put anything there, and no link is followed."""

from __future__ import annotations

import errno
import logging.handlers
import os
import stat
from io import TextIOWrapper
from pathlib import Path

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def private_folder(folder: Path) -> Path:
    """Make `folder` for the user alone (mode 700) where it is missing; returns it. Raises what `check_private` does."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    check_private(folder)
    return folder


def check_private(folder: Path) -> None:
    """Raises OSError, whose text says why, where `folder` is missing, a link, another user's, or open to everybody.

    A group loses the right to write into it.
    """
    if os.name == "nt":
        folder.stat()
        return
    if folder.is_symlink():
        raise _refusal("it is a link", folder)
    descriptor = os.open(folder, _FOLDER)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise _refusal("it belongs to another user", folder)
        if status.st_mode & stat.S_IWOTH:
            raise _refusal("everybody may write into it", folder)
        if status.st_mode & stat.S_IWGRP:
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~stat.S_IWGRP)
    finally:
        os.close(descriptor)


def open_private(path: Path, flags: int) -> int:
    """A descriptor of the file `path`, never of what a link there leads to; a new file has mode 600. Raises OSError."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0), 0o600)


class PrivateLog(logging.handlers.RotatingFileHandler):
    """A log, rotated by size, that only the user can read."""

    def _open(self) -> TextIOWrapper:
        descriptor = open_private(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)


def _refusal(why: str, folder: Path) -> OSError:
    return PermissionError(errno.EPERM, why, str(folder))
