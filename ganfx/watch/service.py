"""A watcher as a systemd user service."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ganfx.atomic import reason_of, write_atomic
from ganfx.errors import OptionError, OutputError
from ganfx.paths import own_environment, systemd_user_dir
from ganfx.text import printable, valid

# TimeoutStopSec: long enough to finish a picture that is being encoded.
_UNIT = """\
[Unit]
Description=ganfx watches {folder}
StartLimitIntervalSec=0

[Service]
WorkingDirectory={here}
ExecStart={command}
{environment}Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2
KillMode=mixed
TimeoutStopSec=5min
Nice=10

[Install]
WantedBy=default.target
"""


def unit_name(source: Path) -> str:
    """The name of the service for the watched folder `source`: readable, and unique to the folder."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", source.name).strip("-.")[:60] or "folder"
    return f"ganfx-watch-{readable}-{hashlib.sha256(os.fsencode(source)).hexdigest()[:6]}.service"


def unit_text(source: Path, command: Sequence[str]) -> str:
    """The unit that runs `command`, the watcher of `source`, in the current folder with its GANFX_ variables.

    Raises OptionError where a name is not valid text.
    """
    environment = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in own_environment().items())
    _check_text(*command, *own_environment().values())
    line = " ".join(_quoted(word).replace("$", "$$") for word in command)
    here = _escaped(str(Path.cwd()))
    return _UNIT.format(here=here, folder=_escaped(str(source)), command=line, environment=environment)


def install_unit(name: str, text: str) -> Path:
    """Write the unit to the user's systemd folder, replacing an earlier one. Returns its path.

    Raises OptionError on systems without systemd, OutputError where it cannot be written.
    """
    if sys.platform != "linux":
        raise OptionError("services are written for systemd, on Linux", hint="start `ganfx watch` at login instead")
    path = systemd_user_dir() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    except OSError as error:
        hint = f"may you write in {path.parent}?"
        raise OutputError(f"{path}: cannot be written: {reason_of(error)}", hint=hint) from error
    return path


def _check_text(*texts: str) -> None:
    for text in texts:
        if valid(text) != text:
            raise OptionError(f"a service cannot name {printable(text)}, which is not valid text", hint="rename it")


def _escaped(text: str) -> str:
    return printable(text.replace("\\", "\\\\")).replace("%", "%%")


def _quoted(word: str) -> str:
    escaped = _escaped(word).replace('"', '\\"')
    return f'"{escaped}"' if re.search(r"[^A-Za-z0-9_./:=,@+-]", word) or not word else escaped
