"""The folders where painting programs look for plug-ins, on every platform and packaging."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ganfx.errors import HostError
from ganfx.hosts.installations import chosen_installation, find_installations, notes, prepare_installations
from ganfx.hosts.machine import Machine
from ganfx.hosts.programs import find_programs
from ganfx.hosts.table import HOSTS

GIMP, KRITA = HOSTS["gimp"], HOSTS["krita"]


def machine(home: Path, platform: str = "linux", **environment: str) -> Machine:
    return Machine(platform, {"PATH": str(home / "bin"), **environment}, home)


def program(path: Path, text: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("platform", "root"),
    [
        ("linux", ".config/GIMP/3.0"),
        ("linux", ".var/app/org.gimp.GIMP/config/GIMP/3.2"),
        ("linux", "snap/gimp/current/.config/GIMP/3.0"),
        ("darwin", "Library/Application Support/GIMP/3.0"),
        ("win32", "AppData/Roaming/GIMP/3.10"),
    ],
)
def test_gimp_is_found_by_its_folder(tmp_path: Path, platform: str, root: str) -> None:
    (tmp_path / root).mkdir(parents=True)
    assert [one.plugins for one in find_installations(GIMP, machine(tmp_path, platform))] == [
        tmp_path / root / "plug-ins"
    ]


def test_every_gimp_3_gets_its_copy_and_no_other_version(tmp_path: Path) -> None:
    for version in ("2.10", "2.99", "3.0", "3.2", "3.10", "3.0-backup", "3.x"):
        (tmp_path / ".config/GIMP" / version).mkdir(parents=True)
    (tmp_path / ".config/GIMP/3.4").write_text("a file")
    found = [one.root.name for one in find_installations(GIMP, machine(tmp_path))]
    assert found == ["3.10", "3.2", "3.0"]


def test_folders_named_by_the_environment_come_first(tmp_path: Path) -> None:
    (tmp_path / ".config/GIMP/3.0").mkdir(parents=True)
    chosen, other = tmp_path / "profile", tmp_path / "xdg"
    for folder in (chosen, other / "GIMP/3.0", other / "krita"):
        folder.mkdir(parents=True)

    def found(**environment: str) -> list[Path]:
        return [one.plugins for one in find_installations(GIMP, machine(tmp_path, **environment))]

    assert found(GIMP3_DIRECTORY=str(chosen)) == found(GIMP3_DIRECTORY="profile") == [chosen / "plug-ins"]
    assert found(XDG_CONFIG_HOME=str(other)) == [other / "GIMP/3.0/plug-ins"]
    assert found(XDG_CONFIG_HOME="not/absolute") == [tmp_path / ".config/GIMP/3.0/plug-ins"]
    krita = find_installations(KRITA, machine(tmp_path, XDG_DATA_HOME=str(other), XDG_CONFIG_HOME=str(chosen)))
    assert [(one.plugins, one.settings) for one in krita] == [(other / "krita/pykrita", chosen / "kritarc")]


@pytest.mark.parametrize(
    ("platform", "root", "settings"),
    [
        ("linux", ".local/share/krita", ".config/kritarc"),
        ("linux", ".var/app/org.kde.krita/data/krita", ".var/app/org.kde.krita/config/kritarc"),
        ("linux", "snap/krita/current/.local/share/krita", "snap/krita/current/.config/kritarc"),
        ("darwin", "Library/Application Support/krita", "Library/Preferences/kritarc"),
        ("win32", "AppData/Roaming/krita", "AppData/Local/kritarc"),
    ],
)
def test_krita_is_found_with_its_settings(tmp_path: Path, platform: str, root: str, settings: str) -> None:
    (tmp_path / root).mkdir(parents=True)
    (installation,) = find_installations(KRITA, machine(tmp_path, platform))
    assert (installation.plugins, installation.settings) == (tmp_path / root / "pykrita", tmp_path / settings)


def test_kritas_chosen_folder_for_resources_is_the_one_it_reads(tmp_path: Path) -> None:
    chosen, settings = tmp_path / "Zoë", tmp_path / ".config/kritarc"
    for folder in (chosen, settings.parent, tmp_path / ".local/share/krita"):
        folder.mkdir(parents=True)
    settings.write_text(f"x=1\nResourceDirectory={chosen}\n\n[theme]\nResourceDirectory=/elsewhere\n", encoding="utf-8")
    assert [one.plugins for one in find_installations(KRITA, machine(tmp_path))] == [chosen / "pykrita"]


def test_the_newest_program_is_used(tmp_path: Path) -> None:
    for name in ("gimp-console-2.10", "gimp-console-3.0", "gimp-console-3.10", "gimp-console-3.2", "gimp-console-3"):
        program(tmp_path / "bin" / name)
    (tmp_path / "bin/gimp-console-3.99").write_text("may not be executed")
    found = find_programs(
        GIMP, machine(tmp_path, PATH=os.pathsep.join([str(tmp_path / "none"), str(tmp_path / "bin")]))
    )
    assert [one.command for one in found] == [(str(tmp_path / "bin/gimp-console-3.10"),)]


def test_programs_of_other_platforms_and_flatpaks_are_found(tmp_path: Path) -> None:
    windows = program(tmp_path / "Program Files/GIMP 3/bin/gimp-console-3.0.exe")
    found = find_programs(GIMP, machine(tmp_path, "win32", ProgramFiles=str(tmp_path / "Program Files")))
    assert [one.command for one in found] == [(str(windows),)]
    assert find_programs(GIMP, machine(tmp_path, "win32")) == []
    flatpak = program(tmp_path / "bin/flatpak")
    assert find_programs(KRITA, machine(tmp_path)) == []
    (tmp_path / ".local/share/flatpak/app/org.kde.krita").mkdir(parents=True)
    (found,) = find_programs(KRITA, machine(tmp_path))
    assert (found.packaging, found.command[:2], found.command[-1]) == (
        "flatpak",
        (str(flatpak), "run"),
        "org.kde.krita",
    )


def test_a_gimp_that_was_never_started_creates_its_folder_itself(tmp_path: Path) -> None:
    """GIMP imports older settings only if it creates its folder itself."""
    created = tmp_path / ".config/GIMP/3.2"
    program(tmp_path / "bin/gimp-console-3.2", f'echo "$@" > {tmp_path}/arguments && mkdir -p {created}')
    (installation,) = prepare_installations(GIMP, machine(tmp_path, PATH=f"{tmp_path}/bin{os.pathsep}{os.defpath}"))
    assert installation.plugins == created / "plug-ins"
    assert (tmp_path / "arguments").read_text().split() == ["--no-interface", "--quit"]


def test_a_krita_that_was_never_started_is_found_by_its_program(tmp_path: Path) -> None:
    assert find_installations(KRITA, machine(tmp_path)) == []
    program(tmp_path / "bin/kritarunner")
    (installation,) = prepare_installations(KRITA, machine(tmp_path))
    assert installation.plugins == tmp_path / ".local/share/krita/pykrita"


def test_programs_do_not_see_the_shells_virtual_environment() -> None:
    path = os.pathsep.join(["/mine/bin", "/usr/bin", "/mine-too/bin"])
    shell = {"VIRTUAL_ENV": "/mine", "PATH": path, "HOME": "/home/me"}
    desktop = Machine("linux", shell, Path("/home/me")).desktop
    assert desktop == {"PATH": os.pathsep.join(["/usr/bin", "/mine-too/bin"]), "HOME": "/home/me"}
    assert Machine("linux", desktop, Path("/home/me")).desktop == desktop


def test_a_program_that_is_not_found_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="GIMP 3 is not found") as caught:
        prepare_installations(GIMP, machine(tmp_path))
    assert "--folder" in (caught.value.hint or "")


def test_a_running_program_has_to_be_restarted(tmp_path: Path) -> None:
    sleeper = shutil.copy(shutil.which("sleep") or "", tmp_path / "krita-5.2")
    installation = chosen_installation(tmp_path)
    process = subprocess.Popen([sleeper, "60"])
    try:
        assert any("Krita is running" in note for note in notes(KRITA, installation, machine(tmp_path)))
    finally:
        process.kill()
        process.wait()


def test_sandboxes_are_named_with_the_remedy(tmp_path: Path) -> None:
    for root in (".var/app/org.gimp.GIMP/config/GIMP/3.0", "snap/gimp/current/.config/GIMP/3.0", ".config/GIMP/3.0"):
        (tmp_path / root).mkdir(parents=True)
    found = {
        one.packaging: " ".join(notes(GIMP, one, machine(tmp_path)))
        for one in find_installations(GIMP, machine(tmp_path))
    }
    assert "talk-name=org.freedesktop.Flatpak org.gimp.GIMP" in found["flatpak"]
    assert "Snap" in found["snap"]
    assert "Flatpak" not in found["system"]
