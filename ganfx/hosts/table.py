"""The table of hosts: where each looks for plug-ins, and how to start it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ganfx.hosts import kritarc
from ganfx.hosts.machine import Machine

# Kinds of packaging; CHOSEN is a folder named by the user.
SYSTEM, FLATPAK, SNAP, CHOSEN = "system", "flatpak", "snap", "chosen"


@dataclass(frozen=True)
class Installation:
    """One folder in which a host looks for plug-ins.

    packaging   SYSTEM, FLATPAK, SNAP or CHOSEN
    plugins     the folder for plug-ins
    root        the host's own folder, which exists once the host was started
    settings    the file in which plug-ins must be enabled; None: there is none
    """

    packaging: str
    plugins: Path
    root: Path
    settings: Path | None = None


@dataclass(frozen=True, eq=False)
class Host:
    """One painting program.

    name               as in commands; also the folder below plugins/ that holds the sources
    title              the name for people
    folder             the plug-in's folder
    entry              the file in it that the host loads
    beside             files of the plug-in next to the folder
    menu               where the user finds the plug-in
    installations      the folders for plug-ins that may exist on a machine
    executables        by sys.platform: glob patterns of the program that runs without a window; those without a slash
                       are looked for in PATH
    flatpak            arguments of `flatpak run`, the application id last
    first_start        arguments with which the program creates its folders; empty: it need not
    needs_executable   `entry` must be an executable file
    """

    name: str
    title: str
    folder: str
    entry: str
    beside: tuple[str, ...]
    menu: str
    installations: Callable[[Machine], list[Installation]]
    executables: Mapping[str, tuple[str, ...]]
    flatpak: tuple[str, ...]
    first_start: tuple[str, ...] = ()
    needs_executable: bool = False

    def owns(self, name: str) -> bool:
        """Whether the file `name`, relative to the folder for plug-ins, can belong to this plug-in."""
        return name in self.beside or (name.startswith(f"{self.folder}/") and ".." not in name)


def _gimp_installations(machine: Machine) -> list[Installation]:
    chosen = machine.environment.get("GIMP3_DIRECTORY")
    if chosen:
        return [Installation(SYSTEM, machine.home / chosen / "plug-ins", machine.home / chosen)]
    bases = {SYSTEM: machine.config / "GIMP"}
    if machine.platform == "linux":
        # The Flatpak uses the system's folder if it exists, else its own.
        bases[FLATPAK] = machine.home / ".var/app/org.gimp.GIMP/config/GIMP"
        bases[SNAP] = machine.home / "snap/gimp/current/.config/GIMP"
    return [Installation(kind, root / "plug-ins", root) for kind, base in bases.items() for root in _versions(base)]


def _versions(base: Path) -> list[Path]:
    """The folders of all versions 3.x in `base`, newest first."""
    found = [path for path in base.glob("3.*") if re.fullmatch(r"3\.\d+", path.name) and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name[2:]), reverse=True)


def _krita_installations(machine: Machine) -> list[Installation]:
    roots = {SYSTEM: (machine.data, _krita_settings(machine))}
    if machine.platform == "linux":
        flatpak, snap = machine.home / ".var/app/org.kde.krita", machine.home / "snap/krita/current"
        roots[FLATPAK] = (flatpak / "data", flatpak / "config")
        roots[SNAP] = (snap / ".local/share", snap / ".config")
    return [_krita_installation(kind, data / "krita", config / "kritarc") for kind, (data, config) in roots.items()]


def _krita_installation(kind: str, root: Path, settings: Path) -> Installation:
    # Krita looks for plug-ins in the chosen resource folder only.
    chosen = kritarc.resource_folder(settings.read_bytes()) if os.access(settings, os.R_OK) else None
    root = Path(chosen) if chosen else root
    return Installation(kind, root / "pykrita", root, settings)


def _krita_settings(machine: Machine) -> Path:
    if machine.platform == "win32":
        return machine.folder("LOCALAPPDATA", "AppData/Local")
    return machine.home / "Library/Preferences" if machine.platform == "darwin" else machine.config


HOSTS = {
    host.name: host
    for host in (
        Host(
            name="gimp",
            title="GIMP 3",
            folder="ganfx",
            entry="ganfx.py",
            beside=(),
            menu="Filters > GANFX",
            installations=_gimp_installations,
            executables={
                "linux": ("gimp-console-3*",),
                "darwin": ("/Applications/GIMP*.app/Contents/MacOS/gimp-console*",),
                "win32": (
                    "{ProgramFiles}/GIMP 3/bin/gimp-console-3*.exe",
                    "{LOCALAPPDATA}/Programs/GIMP 3/bin/gimp-console-3*.exe",
                ),
            },
            flatpak=("org.gimp.GIMP",),
            first_start=("--no-interface", "--quit"),
            needs_executable=True,
        ),
        Host(
            name="krita",
            title="Krita",
            folder="ganfx_krita",
            entry="__init__.py",
            beside=("ganfx_krita.desktop",),
            menu="Filter > GANFX Filters",
            installations=_krita_installations,
            executables={
                "linux": ("kritarunner",),
                "darwin": ("/Applications/krita.app/Contents/MacOS/kritarunner",),
                "win32": ("{ProgramFiles}/Krita*/bin/kritarunner.exe",),
            },
            flatpak=("--command=kritarunner", "org.kde.krita"),
        ),
    )
}
