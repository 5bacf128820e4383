"""The files of an installed plug-in."""

from __future__ import annotations

import importlib.resources
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganfx import __version__
from ganfx.errors import HostError
from ganfx.hosts.table import Host
from ganfx.paths import PREFIX, own_command, state_dir

SETTINGS = "engine.json"
_CLIENT = "client.py"
# Variables that the service needs as they are now; a program started from the desktop may not have them.
_KEPT_VARIABLES = (PREFIX, "LD_LIBRARY_PATH", "PYTHONPATH")


def bundle(host: Host) -> dict[str, bytes]:
    """The files of the plug-in for `host`: content by path relative to the plug-in folder. Raises HostError."""
    source = _sources() / host.name
    names = {path.relative_to(source).as_posix(): path for path in _files(source)}
    # Leaves out what a file browser may have put there.
    files = {name: path.read_bytes() for name, path in names.items() if host.owns(name)}
    if f"{host.folder}/{host.entry}" not in files:
        raise HostError(f"this copy of ganfx came without its plug-in for {host.title}", hint="install ganfx again")
    files[f"{host.folder}/{_CLIENT}"] = (_sources() / _CLIENT).read_bytes()
    settings = f"{host.folder}/{SETTINGS}"
    files[settings] = json.dumps(_settings(sorted({*files, settings})), indent=1).encode() + b"\n"
    return files


def _settings(files: list[str]) -> dict[str, Any]:
    """The content of SETTINGS: how to start this installation's service, and the list of the plug-in's files."""
    kept = {name: value for name, value in sorted(os.environ.items()) if name.startswith(_KEPT_VARIABLES)}
    kept.pop("GANFX_STATE", None)
    return {
        "command": own_command(),
        "state": str(state_dir()),
        "environment": kept,
        "version": __version__,
        "files": files,
    }


def _sources() -> Path:
    return Path(str(importlib.resources.files("ganfx.plugins")))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
