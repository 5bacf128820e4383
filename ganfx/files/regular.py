"""The one door through which files of pictures are opened: only regular files, which neither hang nor never end."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from pathlib import Path

from ganfx.atomic import reason_of
from ganfx.errors import UnreadableError

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# Where the system has them: a pipe that nobody writes to does not block, no terminal is taken over, no child inherits.
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


def open_regular(path: str | Path) -> io.BufferedReader:
    """The regular file at `path`, or the one that a link there leads to, open for reading. Raises UnreadableError."""
    try:
        # Asked first, since to open a device may already do something.
        _check(os.stat(path).st_mode)
        file = os.fdopen(os.open(path, _FLAGS), "rb")
    except FileNotFoundError as error:
        raise UnreadableError("no such file", hint="check the name") from error
    except OSError as error:
        circle = error.errno == errno.ELOOP
        what = "is a link that leads in a circle" if circle else f"cannot be read: {reason_of(error)}"
        raise UnreadableError(what, hint="name the file itself" if circle else None) from error
    except ValueError as error:
        raise UnreadableError("no file can have this name", hint="check the name") from error
    with contextlib.ExitStack() as stack:
        stack.enter_context(file)
        _check(os.fstat(file.fileno()).st_mode)
        stack.pop_all()
    return file


def is_regular(path: str | Path) -> bool:
    """Whether there is a regular file at `path`, or a link to one."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _check(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnreadableError("is a folder, not a picture")
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise UnreadableError(f"is {kind}, not a file", hint="copy what comes out of it into a file, and name that")
