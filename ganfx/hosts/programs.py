"""The hosts' own programs: found, and run without a window, within a time and with nothing left behind."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ganfx.hosts.machine import Machine
from ganfx.hosts.table import FLATPAK, SYSTEM, Host

_FLATPAK_ROOTS = ("/var/lib/flatpak", ".local/share/flatpak")


@dataclass(frozen=True)
class Program:
    """How a host is started without a window: `command`, and then its arguments."""

    packaging: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """How a run ended: with `status`, or None where it took too long, having `said` this on both its outputs."""

    status: int | None
    said: str


def find_programs(host: Host, machine: Machine) -> list[Program]:
    """The programs of `host` that are on `machine`, the newest one of each packaging."""
    found = [Program(SYSTEM, (str(path),)) for path in _executables(host, machine)[:1]]
    flatpak = shutil.which("flatpak", path=machine.environment.get("PATH", ""))
    apps = [machine.home / root / "app" / host.flatpak[-1] for root in _FLATPAK_ROOTS]
    if machine.platform == "linux" and flatpak and any(app.is_dir() for app in apps):
        found.append(Program(FLATPAK, (flatpak, "run", "--die-with-parent", *host.flatpak)))
    return found


def _executables(host: Host, machine: Machine) -> list[Path]:
    """The programs that are no Flatpaks, the newest first."""
    patterns = [whole for name in host.executables.get(machine.platform, ()) for whole in _whole(name, machine)]
    found = [Path(path) for pattern in patterns for path in glob.glob(pattern) if os.access(path, os.X_OK)]
    return sorted(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path.name)], reverse=True)


def _whole(pattern: str, machine: Machine) -> list[str]:
    """`pattern` with its folder, or with every folder of PATH where it has none."""
    if "/" not in pattern:
        folders = machine.environment.get("PATH", "").split(os.pathsep)
        return [os.path.join(glob.escape(folder), pattern) for folder in folders if folder]
    try:
        return [pattern.format_map(machine.environment)]
    except KeyError:
        return []


def run(command: Sequence[str], environment: Mapping[str, str], limit_s: float) -> Ended:
    """Run `command` to its end, or to its time's, and then end whatever it has left running."""
    with tempfile.TemporaryFile() as said:
        nothing = subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                command, stdin=nothing, stdout=said, stderr=said, env=dict(environment), start_new_session=True
            )
        except OSError as error:
            return Ended(127, str(error))
        try:
            status = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
        said.seek(0)
        return Ended(status, said.read().decode(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End `process` and its whole family; an engine that it started has a session of its own, and stays."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
    process.wait()
