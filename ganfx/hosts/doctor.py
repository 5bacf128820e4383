"""Why a plug-in does not work: everything is looked at in the order in which it can go wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx.hosts import kritarc
from ganfx.hosts.installations import ABSENT, BROKEN, FOREIGN, OTHER, notes, state_of
from ganfx.hosts.machine import Machine
from ganfx.hosts.programs import Ended, Program, find_programs, run
from ganfx.hosts.table import Host, Place
from ganfx.paths import state_dir
from ganfx.server.state_dir import private_dir

_LIMIT_S, _LAST_LINES = 240.0, 12
_AGAIN = "ganfx plugins install {}"
_ERROR = re.compile(r"[A-Za-z_.]*(Error|Exception)\b")
_PYTHON_MISSING = re.compile(r"not a valid batch interpreter|Cannot load the PyKrita module")
_PYTHON_PACKAGES = {"gimp": "python3-gi and gir1.2-gimp-3.0", "krita": "python3-pyqt5"}
_STATES = {
    ABSENT: "no plug-in is installed there",
    FOREIGN: "what lies there is not from ganfx",
    BROKEN: "files of the plug-in are missing",
    OTHER: "the plug-in is older, or of another copy of ganfx",
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at. good is None where it could not be; details are for those who mend plug-ins."""

    good: bool | None
    text: str
    hint: str = ""
    details: str = ""


def examine(host: Host, place: Place, machine: Machine) -> Iterator[Finding]:
    """Look at the plug-in of `host` at `place`, from its files to a test picture sent from within the host."""
    state = state_of(host, place)
    if state in _STATES:
        yield Finding(False, _STATES[state], _AGAIN.format(host.name))
    else:
        yield Finding(True, "the plug-in is whole and of this ganfx")
    if state in (ABSENT, FOREIGN):
        return
    yield from _files(host, place)
    programs = find_programs(host, machine)
    program = next((one for one in programs if one.packaging == place.packaging), next(iter(programs), None))
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=private_dir(state_dir())) as folder:
        probing = _Probing(Path(folder), host, place, machine)
        engine = probing.engine()
        yield engine
        yield from probing.inside(program, engine.good is True)
    yield from (Finding(None, note) for note in notes(host, place, machine))


def _files(host: Host, place: Place) -> Iterator[Finding]:
    entry = place.plugins / host.folder / host.entry
    if host.needs_executable and os.name == "posix" and not os.access(entry, os.X_OK):
        yield Finding(False, f"{entry} is not executable: {host.title} passes over it", f"chmod +x {entry}")
    if place.settings:
        text = place.settings.read_bytes() if place.settings.exists() else b""
        if not kritarc.is_on(text, host.folder):
            where = "Settings > Configure Krita > Python Plugin Manager"
            yield Finding(False, f"{place.settings} does not switch it on", f"tick it in {where}")


@dataclass(frozen=True)
class _Probing:
    """Runs the probe, which is copied into `folder`, in one Python after another."""

    folder: Path
    host: Host
    place: Place
    machine: Machine

    @property
    def _plugin(self) -> Path:
        return self.place.plugins / self.host.folder

    def engine(self) -> Finding:
        """Whether the engine answers the plug-in's client, outside of any host."""
        found, ended = self._probe([sys.executable, str(self._script)], {}, self._plugin, ["engine"])
        return _of_engine(found.get("engine"), ended)

    def inside(self, program: Program | None, with_engine: bool) -> Iterator[Finding]:
        """Whether the host loads the plug-in, and the engine answers it there."""
        if program is None:
            yield Finding(None, f"{self.host.title} was not found: it was not looked at from within")
            return
        looks = [self.host.name, *(["engine"] if with_engine else [])]
        found, ended = (self._in_gimp if self.host.needs_executable else self._in_krita)(program.command, looks)
        yield _of_host(self.host, found, ended)
        if with_engine and found:
            yield _of_engine(found.get("engine"), ended, f"within {self.host.title}, ")

    def _in_gimp(self, command: Sequence[str], looks: list[str]) -> tuple[dict[str, Any], Ended]:
        """In a profile of its own, with nothing but the plug-in."""
        profile = self.folder / "profile"
        shutil.copytree(self._plugin, profile / "plug-ins" / self.host.folder)
        batch = f"import runpy; runpy.run_path({str(self._script)!r}, run_name='__main__')"
        arguments = ["--no-interface", "--batch-interpreter=python-fu-eval", "--batch", batch, "--quit"]
        return self._probe([*command, *arguments], {"GIMP3_DIRECTORY": str(profile)}, self._plugin, looks)

    def _in_krita(self, command: Sequence[str], looks: list[str]) -> tuple[dict[str, Any], Ended]:
        """In the program that runs Krita's scripts, with a profile of its own."""
        own = {f"XDG_{kind}_HOME": str(self.folder / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE")}
        own |= {"PYTHONPATH": str(self.folder), "QT_QPA_PLATFORM": "offscreen"}
        return self._probe([*command, "-s", self._script.stem, "-f", "run"], own, self._plugin, looks)

    def _probe(
        self, command: Sequence[str], own: dict[str, str], plugin: Path, looks: list[str]
    ) -> tuple[dict[str, Any], Ended]:
        """What the probe found, which is nothing where it did not run, and how the program ended."""
        found = self.folder / "found.json"
        found.unlink(missing_ok=True)
        orders = {"folder": str(plugin), "looks": looks}
        (self.folder / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
        shutil.copyfile(Path(__file__).with_name("probe.py"), self._script)
        ended = run(command, {**self.machine.desktop, **own}, _LIMIT_S)
        return json.loads(found.read_text(encoding="utf-8")) if found.exists() else {}, ended

    @property
    def _script(self) -> Path:
        return self.folder / "ganfx_probe.py"


def _of_engine(found: dict[str, Any] | None, ended: Ended, where: str = "") -> Finding:
    if found is None:
        return Finding(False, f"{where}the engine could not be asked: {_reason(ended)}", details=_details(ended))
    if "trouble" in found:
        return Finding(False, where + found["trouble"], found["hint"] or "", found["traceback"])
    return Finding(True, f"{where}the engine answers: a test picture went through {found['good'][0]}")


def _of_host(host: Host, found: dict[str, Any], ended: Ended) -> Finding:
    if not found and _PYTHON_MISSING.search(ended.said):
        hint = f"install it: on Debian and Ubuntu, {_PYTHON_PACKAGES[host.name]}"
        return Finding(False, f"{host.title} has no Python, or not all of it: {_reason(ended)}", hint)
    if not found:
        return Finding(False, f"{host.title} did not start: {_reason(ended)}", details=_details(ended))
    look = found[host.name]
    if "trouble" in look:
        return Finding(False, f"{host.title} cannot load it: {look['trouble']}", details=look["traceback"])
    if not look["good"]:
        reason = (_errors(ended) or ["it gives no reason"])[-1]
        return Finding(False, f"{host.title} does not load it: {reason}", details=_traceback(ended))
    return Finding(True, f"{host.title} loads it, with Python {found['python']}")


def _reason(ended: Ended) -> str:
    """The line that says most of why a program failed."""
    if ended.status is None:
        return f"it did not end within {_LIMIT_S:.0f} s"
    return (_errors(ended) or _lines(ended) or [f"it ended with status {ended.status}"])[-1]


def _lines(ended: Ended) -> list[str]:
    """What a program said, without what Krita puts round it."""
    lines = (re.sub(r'^krita\.scripting: "(.*)"$', r"\1", line) for line in ended.said.splitlines())
    return [line.rstrip() for line in lines if line.strip()]


def _errors(ended: Ended) -> list[str]:
    return [line for line in _lines(ended) if _ERROR.match(line)]


def _traceback(ended: Ended) -> str:
    """Python's last error in what a program said, with the lines that lead to it; nothing where there is none."""
    lines = _lines(ended)
    end = max((at for at, line in enumerate(lines) if _ERROR.match(line)), default=-1)
    start = end
    while start > 0 and lines[start - 1].startswith((" ", "Traceback")):
        start -= 1
    return "\n".join(lines[start : end + 1]) if end >= 0 else ""


def _details(ended: Ended) -> str:
    return _traceback(ended) or "\n".join(_lines(ended)[-_LAST_LINES:])
