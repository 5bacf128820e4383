"""Which places for plug-ins there are here, and how the plug-in stands there."""

from __future__ import annotations

import json
from pathlib import Path

import psutil

from ganfx.errors import HostError
from ganfx.hosts.bundle import SETTINGS, bundle
from ganfx.hosts.installer import read_settings
from ganfx.hosts.machine import Machine
from ganfx.hosts.programs import find_programs, run
from ganfx.hosts.table import CHOSEN, FLATPAK, SNAP, Host, Place

ABSENT, FOREIGN, BROKEN, OTHER, INSTALLED = "absent", "foreign", "broken", "other", "installed"
_FIRST_START_S = 180.0
# What of the settings says which engine it is; the rest may change from shell to shell.
_IDENTITY = ("command", "state", "version")


def find_places(host: Host, machine: Machine) -> list[Place]:
    """The places of `host` on `machine`: of those that were started once, and of those whose program is there."""
    programs = {program.packaging for program in find_programs(host, machine)}
    return [place for place in host.places(machine) if place.root.is_dir() or place.packaging in programs]


def prepared_places(host: Host, machine: Machine) -> list[Place]:
    """The same, ready for plug-ins. Raises HostError where there are none.

    GIMP takes over the settings of its older versions only while it has no folder: so one that was never started makes
    it itself, without a window, which takes some seconds.
    """
    found = find_places(host, machine)
    if host.first_start and not any(place.root.is_dir() for place in found):
        for program in find_programs(host, machine):
            run([*program.command, *host.first_start], machine.desktop, _FIRST_START_S)
        found = find_places(host, machine)
    if not found:
        raise HostError(
            f"{host.title} is not found on this computer",
            hint=f"start it once, or name its folder for plug-ins: ganfx plugins install {host.name} --folder DIR",
        )
    return found


def chosen_place(folder: Path) -> Place:
    """The place for plug-ins that somebody names."""
    return Place(CHOSEN, folder.absolute(), folder.absolute())


def state_of(host: Host, place: Place) -> str:
    """How the plug-in is at `place`: ABSENT, FOREIGN, BROKEN, OTHER (older, or of another engine) or INSTALLED."""
    target = place.plugins / host.folder
    settings = read_settings(target)
    if settings is None:
        return FOREIGN if target.exists() else ABSENT
    files = bundle(host)
    if not all((place.plugins / name).is_file() for name in settings.get("files", files)):
        return BROKEN
    wanted = json.loads(files.pop(f"{host.folder}/{SETTINGS}"))
    same = all(settings.get(key) == wanted[key] for key in _IDENTITY)
    return INSTALLED if same and all(_holds(place.plugins / name, files[name]) for name in files) else OTHER


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def notes(host: Host, place: Place, machine: Machine) -> list[str]:
    """What a person should know who uses the plug-in at `place`."""
    packagings = {place.packaging, *(program.packaging for program in find_programs(host, machine))}
    found = []
    if FLATPAK in packagings:
        found.append(
            f"{host.title} as a Flatpak may not start the engine: keep `ganfx serve` running, or allow it:  "
            f"flatpak override --user --talk-name=org.freedesktop.Flatpak {host.flatpak[-1]}"
        )
    if place.packaging == SNAP:
        found.append(f"{host.title} as a Snap cannot reach the engine: take its Flatpak, or your system's own package")
    if _runs(host):
        found.append(f"{host.title} is running: end it and start it again")
    return found


def _runs(host: Host) -> bool:
    mine = psutil.Process().username()
    found = (process.info for process in psutil.process_iter(["name", "username"]))
    return any(one["username"] == mine and (one["name"] or "").lower().startswith(host.name) for one in found)
