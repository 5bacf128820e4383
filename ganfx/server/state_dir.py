"""The service's own folder: how it is found, what it says of itself, and who may read that."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from ganfx.errors import ServerError

ADDRESS = "server.json"
SCHEMA = "filters.json"
LOG = "serve.log"
LOCK = "serve.lock"


def state_dir() -> Path:
    """The folder: GANFX_STATE, or one in the user's folder for state. It may not exist yet."""
    import platformdirs

    chosen = os.environ.get("GANFX_STATE")
    return Path(chosen).absolute() if chosen else platformdirs.user_state_path("ganfx", appauthor=False)


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
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        os.replace(part, path)
    except OSError as error:
        raise unusable(path.parent, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


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
