"""Folders on drives that come and go."""

from __future__ import annotations

import errno
import os
from pathlib import Path


class SameFolder:
    """Tells whether a folder is still there, and not the empty place at which its drive was mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._first: os.stat_result | None = None

    def check(self) -> None:
        """Raises OSError where the folder is gone, or is another on another disk than at the first check."""
        found = os.stat(self._folder)
        self._first = self._first or found
        # A drive that is mounted again may have a new number, and a folder that is made anew another inode: not both.
        if found.st_dev != self._first.st_dev and found.st_ino != self._first.st_ino:
            raise OSError(errno.ENODEV, "is not what it was (is the drive mounted?)", str(self._folder))
