"""What an installed plug-in is made of."""

from __future__ import annotations

import importlib.resources
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganfx import __version__
from ganfx.errors import HostError
from ganfx.hosts.table import Host
from ganfx.paths import PREFIX, state_dir

SETTINGS = "engine.json"
_CLIENT = "client.py"
# What a shell may set for the engine and a desktop's programs do not get to know.
_OF_THE_ENGINE = (PREFIX, "LD_LIBRARY_PATH", "PYTHONPATH")


def bundle(host: Host) -> dict[str, bytes]:
    """The files of the plug-in for `host`, by their paths below the folder for plug-ins. Raises HostError."""
    source = _sources() / host.name
    names = {path.relative_to(source).as_posix(): path for path in _files(source)}
    # A file browser may have left something beside them.
    found = {name: path.read_bytes() for name, path in names.items() if host.owns(name)}
    if f"{host.folder}/{host.entry}" not in found:
        raise HostError(f"this copy of ganfx came without its plug-in for {host.title}", hint="install ganfx again")
    found[f"{host.folder}/{_CLIENT}"] = (_sources() / _CLIENT).read_bytes()
    settings = f"{host.folder}/{SETTINGS}"
    found[settings] = json.dumps(_settings(sorted({*found, settings})), indent=1).encode() + b"\n"
    return found


def _settings(files: list[str]) -> dict[str, Any]:
    """What SETTINGS holds: how this very engine is started, and which files are the plug-in's own."""
    own = {name: value for name, value in sorted(os.environ.items()) if name.startswith(_OF_THE_ENGINE)}
    own.pop("GANFX_STATE", None)
    return {
        "command": [sys.executable, "-m", "ganfx"],
        "state": str(state_dir()),
        "environment": own,
        "version": __version__,
        "files": files,
    }


def _sources() -> Path:
    return Path(str(importlib.resources.files("ganfx.plugins")))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
