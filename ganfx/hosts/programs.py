"""Finds the executables of hosts, and runs them without a window under a time limit."""

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
    """A host's executable.

    packaging   SYSTEM or FLATPAK
    command     followed by arguments, it starts the host without a window
    """

    packaging: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class RunResult:
    """How a program ended.

    exit_status   None: it was killed at the time limit
    output        standard output and standard error together
    """

    exit_status: int | None
    output: str


def find_programs(host: Host, machine: Machine) -> list[Program]:
    """The programs of `host` on `machine`, the newest version of each packaging."""
    found = [Program(SYSTEM, (str(path),)) for path in _executables(host, machine)[:1]]
    flatpak = shutil.which("flatpak", path=machine.environment.get("PATH", ""))
    apps = [machine.home / root / "app" / host.flatpak[-1] for root in _FLATPAK_ROOTS]
    if machine.platform == "linux" and flatpak and any(app.is_dir() for app in apps):
        found.append(Program(FLATPAK, (flatpak, "run", "--die-with-parent", *host.flatpak)))
    return found


def _executables(host: Host, machine: Machine) -> list[Path]:
    """Executables other than Flatpaks, newest first."""
    patterns = [whole for name in host.executables.get(machine.platform, ()) for whole in _expand(name, machine)]
    found = [Path(path) for pattern in patterns for path in glob.glob(pattern) if os.access(path, os.X_OK)]
    return sorted(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path.name)], reverse=True)


def _expand(pattern: str, machine: Machine) -> list[str]:
    """Glob patterns with folders: those of PATH if `pattern` has none, else its variables filled in."""
    if "/" not in pattern:
        folders = machine.environment.get("PATH", "").split(os.pathsep)
        return [os.path.join(glob.escape(folder), pattern) for folder in folders if folder]
    try:
        return [pattern.format_map(machine.environment)]
    except KeyError:
        return []


def run(command: Sequence[str], environment: Mapping[str, str], limit_s: float) -> RunResult:
    """Run `command`, and kill it and its children at the time limit or when it has ended."""
    with tempfile.TemporaryFile() as output:
        devnull = subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                command, stdin=devnull, stdout=output, stderr=output, env=dict(environment), start_new_session=True
            )
        except OSError as error:
            return RunResult(127, str(error))
        try:
            exit_status = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            exit_status = None
        finally:
            _kill_tree(process)
        output.seek(0)
        return RunResult(exit_status, output.read().decode(errors="replace"))


def _kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill `process` and its children; a service started by it has a session of its own and survives."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
    process.wait()
