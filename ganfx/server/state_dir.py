"""The service's state folder: its files, their permissions, and whose it may be.

The address file holds the token, and whoever can write into the folder can send pictures elsewhere. So the folder has
to be the user's own, and its files are the user's alone and are opened without following links.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from ganfx.atomic import write_atomic
from ganfx.errors import ServerError

# Host, port, token and process id of the running service.
ADDRESS = "server.json"
# The schema, for clients that only need the list of filters.
SCHEMA = "filters.json"
LOG = "serve.log"
LOCK = "serve.lock"

_OWN_FOLDER = "set GANFX_STATE to a folder of yours"
_MAX_JSON_BYTES = 1 << 20


def private_dir(folder: Path) -> Path:
    """Create `folder` for the user alone (mode 700) if needed; returns it.

    Raises ServerError if it is somebody else's, a link, or everybody may write into it. A group loses the right to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            _check_owner(folder)
    except OSError as error:
        raise unusable(folder, error) from error
    return folder


def _check_owner(folder: Path) -> None:
    if folder.is_symlink():
        raise ServerError(f"{folder}: is a link", hint="set GANFX_STATE to the folder itself")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise ServerError(f"{folder}: belongs to another user", hint=_OWN_FOLDER)
        if status.st_mode & stat.S_IWOTH:
            raise ServerError(f"{folder}: everybody may write into it", hint=_OWN_FOLDER)
        if status.st_mode & stat.S_IWGRP:
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~stat.S_IWGRP)
    finally:
        os.close(descriptor)


def open_private(path: Path, flags: int) -> int:
    """A descriptor of the file `path`, never of what a link there leads to; a new file has mode 600. Raises OSError."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0), 0o600)


def write_private(path: Path, content: Any) -> None:
    """Write `content` as JSON to `path`, atomically, readable by the user alone (mode 600). Raises ServerError."""
    try:
        write_atomic(path, json.dumps(content, indent=1), mode=0o600)
    except OSError as error:
        raise unusable(path.parent, error) from error


def read_json(path: Path) -> Any:
    """The JSON value in the file `path`; None if it is missing, a link, invalid, or larger than 1 MiB."""
    try:
        with open(open_private(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            return json.loads(file.read(_MAX_JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return None


def unusable(folder: Path, error: OSError) -> ServerError:
    """The error to raise if the state folder cannot be used."""
    reason = (error.strerror or str(error)).lower()
    return ServerError(f"{folder}: cannot be used: {reason}", hint=_OWN_FOLDER)
