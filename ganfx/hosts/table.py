"""The painting programs that there are plug-ins for: one table."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ganfx.hosts import kritarc
from ganfx.hosts.machine import Machine

SYSTEM, FLATPAK, SNAP, CHOSEN = "system", "flatpak", "snap", "chosen"


@dataclass(frozen=True)
class Place:
    """A folder that a host looks for plug-ins in.

    settings is the file in which they must be switched on, where there is such a file; root is there once the host was
    started.
    """

    packaging: str
    plugins: Path
    root: Path
    settings: Path | None = None


@dataclass(frozen=True, eq=False)
class Host:
    """One painting program.

    Its plug-in is the folder named so, with `entry` in it, and the files named `beside` it; `sources` is where the
    project keeps them. executables are, for each platform, the patterns of the program that runs without a window;
    those without a slash are looked for in PATH. first_start are the arguments with which it makes its folders.
    """

    name: str
    title: str
    folder: str
    entry: str
    beside: tuple[str, ...]
    menu: str
    places: Callable[[Machine], list[Place]]
    executables: Mapping[str, tuple[str, ...]]
    flatpak: tuple[str, ...]
    first_start: tuple[str, ...] = ()
    needs_executable: bool = False

    def owns(self, name: str) -> bool:
        """Whether a file of this name, below the folder for plug-ins, can be its plug-in's."""
        return name in self.beside or (name.startswith(f"{self.folder}/") and ".." not in name)


def _gimp_places(machine: Machine) -> list[Place]:
    chosen = machine.environment.get("GIMP3_DIRECTORY")
    if chosen:
        return [Place(SYSTEM, machine.home / chosen / "plug-ins", machine.home / chosen)]
    bases = {SYSTEM: machine.config / "GIMP"}
    if machine.platform == "linux":
        # The Flatpak takes the system's folder where that is there, and its own where it is not.
        bases[FLATPAK] = machine.home / ".var/app/org.gimp.GIMP/config/GIMP"
        bases[SNAP] = machine.home / "snap/gimp/current/.config/GIMP"
    return [Place(kind, root / "plug-ins", root) for kind, base in bases.items() for root in _versions(base)]


def _versions(base: Path) -> list[Path]:
    """The folders of all versions 3.x in `base`, the newest first."""
    found = [path for path in base.glob("3.*") if re.fullmatch(r"3\.\d+", path.name) and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name[2:]), reverse=True)


def _krita_places(machine: Machine) -> list[Place]:
    roots = {SYSTEM: (machine.data, _krita_settings(machine))}
    if machine.platform == "linux":
        flatpak, snap = machine.home / ".var/app/org.kde.krita", machine.home / "snap/krita/current"
        roots[FLATPAK] = (flatpak / "data", flatpak / "config")
        roots[SNAP] = (snap / ".local/share", snap / ".config")
    return [_krita_place(kind, data / "krita", config / "kritarc") for kind, (data, config) in roots.items()]


def _krita_place(kind: str, root: Path, settings: Path) -> Place:
    # Where a folder was chosen for its resources, Krita looks there alone.
    chosen = kritarc.resources(settings.read_bytes()) if os.access(settings, os.R_OK) else None
    root = Path(chosen) if chosen else root
    return Place(kind, root / "pykrita", root, settings)


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
            places=_gimp_places,
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
            places=_krita_places,
            executables={
                "linux": ("kritarunner",),
                "darwin": ("/Applications/krita.app/Contents/MacOS/kritarunner",),
                "win32": ("{ProgramFiles}/Krita*/bin/kritarunner.exe",),
            },
            flatpak=("--command=kritarunner", "org.kde.krita"),
        ),
    )
}
