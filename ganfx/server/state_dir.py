"""The service's state folder: its files, their permissions, and whose it may be.

The address file holds the token, and whoever can write into the folder can send pictures elsewhere. So the folder has
to be the user's own, and its files are the user's alone and are opened without following links.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ganfx.atomic import write_atomic
from ganfx.errors import ServerError
from ganfx.private import open_private, private_folder

# Host, port, token and process id of the running service.
ADDRESS = "server.json"
# The schema, for clients that only need the list of filters.
SCHEMA = "filters.json"
LOG = "serve.log"
LOCK = "serve.lock"

_MAX_JSON_BYTES = 1 << 20


def private_dir(folder: Path) -> Path:
    """Create `folder` for the user alone if needed; returns it. Raises ServerError unless it is the user's own."""
    try:
        return private_folder(folder)
    except OSError as error:
        raise unusable(folder, error) from error


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
    return ServerError(f"{folder}: cannot be used: {reason}", hint="set GANFX_STATE to a folder of yours")
