"""The doctor finds each reason why a plug-in does not work, and states it in words."""

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
from ganfx.hosts.table import HOSTS, Installation
from tests.hosts.helpers import FAKE_SERVICE, installation, program, small_plugins

GIMP, KRITA = HOSTS["gimp"], HOSTS["krita"]


class Setup:
    """A computer with stand-ins for both hosts, minimal plug-ins in them, and a fake service."""

    def __init__(self, folder: Path, sources: Path) -> None:
        self.folder, self.sources, self.bin = folder, sources, folder / "bin"
        self.installations: dict[str, Installation] = {name: installation(folder, name) for name in HOSTS}
        for host in HOSTS.values():
            program(self.bin, host.name)
            install(host, self.installations[host.name])

    def file(self, host: str, name: str = "") -> Path:
        return self.installations[host].plugins / HOSTS[host].folder / (name or HOSTS[host].entry)

    def engine(self, behavior: str) -> None:
        self.command([sys.executable, str(FAKE_SERVICE), behavior])

    def command(self, command: list[str]) -> None:
        for host in HOSTS:
            path = self.file(host, "engine.json")
            path.write_text(json.dumps({**json.loads(path.read_text()), "command": command}))

    def findings(self, host: str) -> list[Finding]:
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return list(
            examine(HOSTS[host], self.installations[host], Machine("linux", {**os.environ, "PATH": path}, self.folder))
        )

    def failures(self, host: str) -> list[Finding]:
        """Failed checks, except that the fake service is another copy than the one that installed the plug-in."""
        return [one for one in self.findings(host) if one.passed is False and "another copy of ganfx" not in one.text]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    monkeypatch.setenv("GANFX_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(installations, "_is_running", lambda host: False)
    setup = Setup(tmp_path, small_plugins(tmp_path / "sources", monkeypatch))
    setup.engine("mirror")
    yield setup
    with contextlib.suppress(OSError, ValueError):
        os.kill(json.loads((tmp_path / "state/server.json").read_text())["pid"], signal.SIGKILL)


@pytest.mark.parametrize("host", HOSTS)
def test_a_working_plugin_passes_all_checks(setup: Setup, host: str) -> None:
    assert setup.failures(host) == []
    passed = [one.text for one in setup.findings(host) if one.passed]
    assert passed == [
        "the engine answers: a test picture went through upscale",
        f"{HOSTS[host].title} loads it, with Python {'.'.join(map(str, sys.version_info[:3]))}",
        f"within {HOSTS[host].title}, the engine answers: a test picture went through upscale",
    ]
    assert list((setup.folder / "state").glob("doctor-*")) == []


def not_executable(setup: Setup) -> None:
    setup.file("gimp").chmod(0o644)


def syntax_error(setup: Setup) -> None:
    setup.file("gimp").write_text("def broken(:\n")


def missing_module(setup: Setup) -> None:
    setup.file("krita").write_text("import numpy_for_krita\n")


def switched_off(setup: Setup) -> None:
    (setup.folder / "krita/kritarc").write_text("[python]\nenable_ganfx_krita=false\n")


def no_python(setup: Setup) -> None:
    message = "The procedure 'python-fu-eval' is not a valid batch interpreter."
    program(setup.bin, "gimp", f"import sys; sys.exit({message!r})")


def no_qt(setup: Setup) -> None:
    message = "krita.scripting: \"ImportError: No module named 'PyQt5'\"\nCannot load the PyKrita module, aborting"
    program(setup.bin, "krita", f"print({message!r})")


def dies(setup: Setup) -> None:
    program(setup.bin, "krita", "import sys; sys.exit('symbol lookup error: libQt5Core.so.5')")


def files_gone(setup: Setup) -> None:
    setup.file("krita", "client.py").unlink()


def engine_gone(setup: Setup) -> None:
    setup.command(["/nowhere/bin/python", "-m", "ganfx"])


def engine_dies(setup: Setup) -> None:
    setup.engine("dies")


def engine_fails(setup: Setup) -> None:
    setup.engine("killed")


@pytest.mark.parametrize(
    ("host", "damage", "text", "hint"),
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
def test_each_reason_is_stated_in_words(
    setup: Setup, host: str, damage: Callable[[Setup], None], text: str, hint: str
) -> None:
    damage(setup)
    found = [one for one in setup.failures(host) if text in one.text]
    assert found, setup.findings(host)
    assert hint in found[0].hint


@pytest.mark.parametrize(("host", "damage"), [("krita", missing_module), ("gimp", syntax_error)])
def test_the_traceback_of_a_bug_is_shown(setup: Setup, host: str, damage: Callable[[Setup], None]) -> None:
    damage(setup)
    (found,) = setup.failures(host)
    assert f'File "{setup.file(host)}", line 1' in found.details or f'{setup.file(host).name}", line 1' in found.details
    assert "probe" not in found.details
    assert "noise" not in found.details


def test_a_program_that_hangs_is_killed_with_its_children(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LIMIT_S", 1.5)
    setup.engine("mirror")
    children = setup.folder / "child"
    hangs = f"""
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path({str(children)!r}).write_text(str(child.pid))
time.sleep(600)
"""
    program(setup.bin, "gimp", hangs)
    assert any("did not end within" in one.text for one in setup.failures("gimp"))
    deadline = time.monotonic() + 5
    while psutil.pid_exists(int(children.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(children.read_text()))


def test_a_missing_program_is_no_error(setup: Setup) -> None:
    for path in setup.bin.iterdir():
        path.unlink()
    found = list(examine(GIMP, setup.installations["gimp"], Machine("linux", {"PATH": str(setup.bin)}, setup.folder)))
    assert [one.text for one in found if one.passed is None] == [
        "GIMP 3 was not found: it was not looked at from within"
    ]


def test_a_command_that_cannot_start_ends_like_one_that_failed(tmp_path: Path) -> None:
    result = run([str(tmp_path / "nothing")], {}, 5)
    assert result.exit_status == 127
    assert "nothing" in result.output
