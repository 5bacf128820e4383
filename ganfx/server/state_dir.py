"""The service's own folder: how it is found, what it says of itself, and who may read that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ganfx.atomic import write_atomic
from ganfx.errors import ServerError

ADDRESS = "server.json"
SCHEMA = "filters.json"
LOG = "serve.log"
LOCK = "serve.lock"


def private_dir(folder: Path) -> Path:
    """`folder`, made if need be, and closed to others. Raises ServerError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise unusable(folder, error) from error
    return folder


def write_private(path: Path, content: Any) -> None:
    """`content` as JSON at `path`: whole or not at all, for the user alone. Raises ServerError."""
    try:
        write_atomic(path, json.dumps(content, indent=1), mode=0o600)
    except OSError as error:
        raise unusable(path.parent, error) from error


def read_json(path: Path) -> Any:
    """What stands at `path`, None where nothing does, or nothing that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def unusable(folder: Path, error: OSError) -> ServerError:
    """The error that says so of `folder`."""
    said = (error.strerror or str(error)).lower()
    return ServerError(f"{folder}: cannot be used: {said}", hint="set GANFX_STATE to a folder of yours")
