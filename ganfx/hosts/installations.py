"""Finds the folders for plug-ins on a machine, and tells the state of the plug-in there."""

from __future__ import annotations

import json
from pathlib import Path

import psutil

from ganfx.errors import HostError
from ganfx.hosts.bundle import SETTINGS, bundle
from ganfx.hosts.installer import read_settings
from ganfx.hosts.machine import Machine
from ganfx.hosts.programs import find_programs, run
from ganfx.hosts.table import CHOSEN, FLATPAK, SNAP, Host, Installation

# States of a plug-in; OTHER is an older one, or of another copy of ganfx.
ABSENT, FOREIGN, BROKEN, OTHER, INSTALLED = "absent", "foreign", "broken", "other", "installed"
_FIRST_START_S = 180.0
# Settings that identify a copy of ganfx; the others may differ from shell to shell.
_IDENTITY = ("command", "state", "version")


def find_installations(host: Host, machine: Machine) -> list[Installation]:
    """Installations of `host` on `machine`: those started before, and those whose program is found."""
    programs = {program.packaging for program in find_programs(host, machine)}
    return [one for one in host.installations(machine) if one.root.is_dir() or one.packaging in programs]


def prepare_installations(host: Host, machine: Machine) -> list[Installation]:
    """Installations of `host` that a plug-in can be copied to. Raises HostError if there are none.

    A host that was never started and has `first_start` is started once without a window, which takes some seconds:
    GIMP imports the settings of its older versions only if it creates its folder itself.
    """
    found = find_installations(host, machine)
    if host.first_start and not any(one.root.is_dir() for one in found):
        for program in find_programs(host, machine):
            run([*program.command, *host.first_start], machine.desktop, _FIRST_START_S)
        found = find_installations(host, machine)
    if not found:
        raise HostError(
            f"{host.title} is not found on this computer",
            hint=f"start it once, or name its folder for plug-ins: ganfx plugins install {host.name} --folder DIR",
        )
    return found


def chosen_installation(folder: Path) -> Installation:
    """An installation in a folder for plug-ins that the user names."""
    return Installation(CHOSEN, folder.absolute(), folder.absolute())


def state_of(host: Host, installation: Installation) -> str:
    """The state of the plug-in: ABSENT, FOREIGN (not of ganfx), BROKEN (files missing), OTHER or INSTALLED."""
    target = installation.plugins / host.folder
    settings = read_settings(target)
    if settings is None:
        return FOREIGN if target.exists() else ABSENT
    files = bundle(host)
    if not all((installation.plugins / name).is_file() for name in settings.get("files", files)):
        return BROKEN
    expected = json.loads(files.pop(f"{host.folder}/{SETTINGS}"))
    same = all(settings.get(key) == expected[key] for key in _IDENTITY)
    return (
        INSTALLED if same and all(_has_content(installation.plugins / name, files[name]) for name in files) else OTHER
    )


def _has_content(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def notes(host: Host, installation: Installation, machine: Machine) -> list[str]:
    """Notes for the user of the plug-in: sandboxes that need permissions, and a host to restart."""
    packagings = {installation.packaging, *(program.packaging for program in find_programs(host, machine))}
    found = []
    if FLATPAK in packagings:
        found.append(
            f"{host.title} as a Flatpak may not start the engine: keep `ganfx serve` running, or allow it:  "
            f"flatpak override --user --talk-name=org.freedesktop.Flatpak {host.flatpak[-1]}"
        )
    if installation.packaging == SNAP:
        found.append(f"{host.title} as a Snap cannot reach the engine: take its Flatpak, or your system's own package")
    if _is_running(host):
        found.append(f"{host.title} is running: end it and start it again")
    return found


def _is_running(host: Host) -> bool:
    user = psutil.Process().username()
    processes = (process.info for process in psutil.process_iter(["name", "username"]))
    return any(one["username"] == user and (one["name"] or "").lower().startswith(host.name) for one in processes)
