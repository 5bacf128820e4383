"""Why a plug-in does not show up: each of the reasons is found, and said in words."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ganfx.hosts import doctor, installations
from ganfx.hosts.doctor import Finding, examine
from ganfx.hosts.installer import install
from ganfx.hosts.machine import Machine
from ganfx.hosts.programs import run
from ganfx.hosts.table import HOSTS, Place
from tests.hosts.parts import FAKE_ENGINE, place, program, small_plugins

GIMP, KRITA = HOSTS["gimp"], HOSTS["krita"]


class Patient:
    """A computer with both programs, small plug-ins in them, and an engine that behaves as it is told."""

    def __init__(self, folder: Path, sources: Path) -> None:
        self.folder, self.sources, self.bin = folder, sources, folder / "bin"
        self.places: dict[str, Place] = {name: place(folder, name) for name in HOSTS}
        for host in HOSTS.values():
            program(self.bin, host.name)
            install(host, self.places[host.name])

    def file(self, host: str, name: str = "") -> Path:
        return self.places[host].plugins / HOSTS[host].folder / (name or HOSTS[host].entry)

    def engine(self, behaviour: str) -> None:
        self.command([sys.executable, str(FAKE_ENGINE), behaviour])

    def command(self, command: list[str]) -> None:
        for host in HOSTS:
            path = self.file(host, "engine.json")
            path.write_text(json.dumps({**json.loads(path.read_text()), "command": command}))

    def examined(self, host: str) -> list[Finding]:
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return list(
            examine(HOSTS[host], self.places[host], Machine("linux", {**os.environ, "PATH": path}, self.folder))
        )

    def complaints(self, host: str) -> list[Finding]:
        """What is wrong, but for the engine's being another than the one that installed it."""
        return [one for one in self.examined(host) if one.good is False and "another copy of ganfx" not in one.text]


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(installations, "_runs", lambda host: False)
    patient = Patient(tmp_path, small_plugins(tmp_path / "sources", monkeypatch))
    patient.engine("mirror")
    yield patient
    with contextlib.suppress(OSError, ValueError):
        os.kill(json.loads((tmp_path / "state/server.json").read_text())["pid"], signal.SIGKILL)


@pytest.mark.parametrize("host", HOSTS)
def test_a_sound_plugin_is_found_sound(patient: Patient, host: str) -> None:
    assert patient.complaints(host) == []
    good = [one.text for one in patient.examined(host) if one.good]
    assert good == [
        "the engine answers: a test picture went through upscale",
        f"{HOSTS[host].title} loads it, with Python {'.'.join(map(str, sys.version_info[:3]))}",
        f"within {HOSTS[host].title}, the engine answers: a test picture went through upscale",
    ]
    assert list((patient.folder / "state").glob("doctor-*")) == []


def not_executable(patient: Patient) -> None:
    patient.file("gimp").chmod(0o644)


def syntax_error(patient: Patient) -> None:
    patient.file("gimp").write_text("def broken(:\n")


def missing_module(patient: Patient) -> None:
    patient.file("krita").write_text("import numpy_for_krita\n")


def switched_off(patient: Patient) -> None:
    (patient.folder / "krita/kritarc").write_text("[python]\nenable_ganfx_krita=false\n")


def no_python(patient: Patient) -> None:
    said = "The procedure 'python-fu-eval' is not a valid batch interpreter."
    program(patient.bin, "gimp", f"import sys; sys.exit({said!r})")


def no_qt(patient: Patient) -> None:
    said = "krita.scripting: \"ImportError: No module named 'PyQt5'\"\nCannot load the PyKrita module, aborting"
    program(patient.bin, "krita", f"print({said!r})")


def dies(patient: Patient) -> None:
    program(patient.bin, "krita", "import sys; sys.exit('symbol lookup error: libQt5Core.so.5')")


def files_gone(patient: Patient) -> None:
    patient.file("krita", "client.py").unlink()


def engine_gone(patient: Patient) -> None:
    patient.command(["/nowhere/bin/python", "-m", "ganfx"])


def engine_dies(patient: Patient) -> None:
    patient.engine("dies")


def engine_fails(patient: Patient) -> None:
    patient.engine("killed")


@pytest.mark.parametrize(
    ("host", "harm", "said", "hint"),
    [
        ("gimp", not_executable, "is not executable", "chmod +x"),
        ("gimp", syntax_error, "GIMP 3 does not load it: SyntaxError: invalid syntax", ""),
        ("gimp", no_python, "GIMP 3 has no Python", "python3-gi"),
        ("krita", missing_module, "No module named 'numpy_for_krita'", ""),
        ("krita", switched_off, "kritarc does not switch it on", "Python Plugin Manager"),
        ("krita", no_qt, "No module named 'PyQt5'", "python3-pyqt5"),
        ("krita", dies, "Krita did not start: symbol lookup error", ""),
        ("krita", files_gone, "files of the plug-in are missing", "ganfx plugins install krita"),
        ("gimp", engine_gone, "The engine is not where it was", "ganfx plugins install"),
        ("gimp", engine_dies, "the models are gone", "ganfx serve"),
        ("gimp", engine_fails, "ended in the middle of its work", "serve.log"),
    ],
)
def test_each_reason_is_said_in_words(
    patient: Patient, host: str, harm: Callable[[Patient], None], said: str, hint: str
) -> None:
    harm(patient)
    found = [one for one in patient.complaints(host) if said in one.text]
    assert found, patient.examined(host)
    assert hint in found[0].hint


@pytest.mark.parametrize(("host", "harm"), [("krita", missing_module), ("gimp", syntax_error)])
def test_the_line_of_a_bug_is_shown(patient: Patient, host: str, harm: Callable[[Patient], None]) -> None:
    harm(patient)
    (found,) = patient.complaints(host)
    assert (
        f'File "{patient.file(host)}", line 1' in found.details
        or f'{patient.file(host).name}", line 1' in found.details
    )
    assert "probe" not in found.details
    assert "noise" not in found.details


def test_a_program_that_hangs_is_ended_with_its_children(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LIMIT_S", 1.5)
    patient.engine("mirror")
    children = patient.folder / "child"
    hangs = f"""
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path({str(children)!r}).write_text(str(child.pid))
time.sleep(600)
"""
    program(patient.bin, "gimp", hangs)
    assert any("did not end within" in one.text for one in patient.complaints("gimp"))
    deadline = time.monotonic() + 5
    while psutil.pid_exists(int(children.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(children.read_text()))


def test_a_program_that_is_not_there_is_no_error(patient: Patient) -> None:
    for path in patient.bin.iterdir():
        path.unlink()
    found = list(examine(GIMP, patient.places["gimp"], Machine("linux", {"PATH": str(patient.bin)}, patient.folder)))
    assert [one.text for one in found if one.good is None] == ["GIMP 3 was not found: it was not looked at from within"]


def test_a_command_that_cannot_start_ends_like_one_that_failed(tmp_path: Path) -> None:
    ended = run([str(tmp_path / "nothing")], {}, 5)
    assert ended.status == 127
    assert "nothing" in ended.said
