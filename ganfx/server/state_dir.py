"""The service's state folder: its location, its files and their permissions."""

from __future__ import annotations

import json
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


def private_dir(folder: Path) -> Path:
    """Create `folder` if needed and restrict it to the user (mode 700). Raises ServerError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise unusable(folder, error) from error
    return folder


def write_private(path: Path, content: Any) -> None:
    """Write `content` as JSON to `path`, atomically, readable by the user alone (mode 600). Raises ServerError."""
    try:
        write_atomic(path, json.dumps(content, indent=1), mode=0o600)
    except OSError as error:
        raise unusable(path.parent, error) from error


def read_json(path: Path) -> Any:
    """The JSON value in the file `path`, None if it is missing or invalid."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def unusable(folder: Path, error: OSError) -> ServerError:
    """The error to raise if the state folder cannot be used."""
    reason = (error.strerror or str(error)).lower()
    return ServerError(f"{folder}: cannot be used: {reason}", hint="set GANFX_STATE to a folder of yours")
