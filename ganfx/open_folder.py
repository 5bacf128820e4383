"""Folders held open, so that files appear in the very folder that was checked, whatever happens to its path meanwhile;
and small files that others left there.

Where the system has no such descriptors (Windows), paths are used, and links are looked for before.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path

from ganfx.errors import OutputError

_BY_DESCRIPTOR = {os.open, os.stat, os.unlink, os.rename, os.mkdir} <= os.supports_dir_fd
# O_PATH, where there is one, opens folders that may be written but not listed.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_OTHERS_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class OpenFolder:
    """An open folder, a context manager. Names are those of entries in it; links are never followed.

    path: where it was found.
    """

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path, self._descriptor = path, descriptor

    @classmethod
    def at(cls, path: Path, *, below: Path | None = None, create: bool = False) -> OpenFolder:
        """The folder at `path`.

        below: the part of `path` that the user named; links in it are followed, and none further down. None: all of it.
        create: make the folders that are missing.

        Raises OSError; OutputError where a link is in the way.
        """
        named = path if below is None else below
        if create:
            named.mkdir(parents=True, exist_ok=True)
        folder = cls._opened(named)
        for name in path.relative_to(named).parts:
            with folder:
                folder = folder._inner(name, create=create)
        return folder

    @classmethod
    def _opened(cls, path: Path) -> OpenFolder:
        if _BY_DESCRIPTOR:
            return cls(path, os.open(path, _FOLDER))
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return cls(path, None)

    def _inner(self, name: str, *, create: bool) -> OpenFolder:
        path = self.path / name
        if name == os.pardir:
            raise OutputError(f"{path} leads out of its folder", hint="name the folder itself")
        if create:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._entry(name), dir_fd=self._descriptor)
        found = self.stat(name)
        if found and _is_link(found):
            raise link_error(path)
        if self._descriptor is None:
            return self._opened(path)
        return type(self)(path, os.open(name, _FOLDER | _NO_FOLLOW, dir_fd=self._descriptor))

    def stat(self, name: str) -> os.stat_result | None:
        """The state of the entry `name`, a link's own; None where there is none. Raises OSError."""
        try:
            return os.stat(self._entry(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def create(self, name: str, mode: int = 0o666) -> int:
        """Make the file `name`, which must not exist, and open it for reading and writing. Raises OSError."""
        return os.open(self._entry(name), _NEW_FILE, mode, dir_fd=self._descriptor)

    def replace(self, name: str, other: str, *, into: OpenFolder | None = None) -> None:
        """Rename `name` to `other`, in the folder `into` where that is given, replacing what is there."""
        folder = into or self
        os.replace(
            self._entry(name),
            folder._entry(other),
            src_dir_fd=self._descriptor,
            dst_dir_fd=folder._descriptor,
        )

    def remove(self, name: str) -> None:
        """Remove the file or link `name`, if there is one. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._entry(name), dir_fd=self._descriptor)

    def flush(self) -> None:
        """Make renames last through a power loss, where the system can do that."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._entry("."), os.O_RDONLY, dir_fd=self._descriptor)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Close the folder; it cannot be used any more."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _entry(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)

    def __enter__(self) -> OpenFolder:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def read_small(path: Path, most_bytes: int, *, follow: bool = True) -> bytes:
    """The content of the file at `path`, which came from elsewhere; neither pipes nor devices are waited for.

    follow: whether `path` may be a link. Raises OSError, also where it is no regular file, or larger than `most_bytes`.
    """
    descriptor = os.open(path, _OTHERS_FILE if follow else _OTHERS_FILE | _NO_FOLLOW)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"larger than {most_bytes} bytes", str(path))
    return content


def link_error(path: Path) -> OutputError:
    """The error that says that the link at `path` is not followed."""
    return OutputError(
        f"{path} is a link, and nothing is written through it", hint="remove it, or name what it points to with -o"
    )


def _is_link(found: os.stat_result) -> bool:
    return stat.S_ISLNK(found.st_mode) or (
        # Junctions, the other links of Windows.
        sys.platform == "win32" and found.st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT
    )
