"""Diagnoses a plug-in: its files, its settings, the service, and the host, in the order in which they can fail."""

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
from ganfx.hosts.programs import Program, RunResult, find_programs, run
from ganfx.hosts.table import Host, Installation
from ganfx.paths import state_dir
from ganfx.server.state_dir import private_dir

# Time limit for a host or a check; number of output lines shown without a traceback.
_LIMIT_S, _LAST_LINES = 240.0, 12
_REINSTALL = "ganfx plugins install {}"
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
    """The result of one check.

    passed    None: a note, or a check that could not run
    text      the result, for the user
    hint      what to do next; empty: nothing
    details   a traceback or output lines, for developers
    """

    passed: bool | None
    text: str
    hint: str = ""
    details: str = ""


def examine(host: Host, installation: Installation, machine: Machine) -> Iterator[Finding]:
    """Check the plug-in, from its files to a test picture sent from inside the host."""
    state = state_of(host, installation)
    if state in _STATES:
        yield Finding(False, _STATES[state], _REINSTALL.format(host.name))
    else:
        yield Finding(True, "the plug-in is whole and of this ganfx")
    if state in (ABSENT, FOREIGN):
        return
    yield from _check_files(host, installation)
    programs = find_programs(host, machine)
    same_packaging = (one for one in programs if one.packaging == installation.packaging)
    program = next(same_packaging, next(iter(programs), None))
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=private_dir(state_dir())) as folder:
        probe = _Probe(Path(folder), host, installation, machine)
        service = probe.check_service()
        yield service
        yield from probe.check_host(program, with_service=service.passed is True)
    yield from (Finding(None, note) for note in notes(host, installation, machine))


def _check_files(host: Host, installation: Installation) -> Iterator[Finding]:
    entry = installation.plugins / host.folder / host.entry
    if host.needs_executable and os.name == "posix" and not os.access(entry, os.X_OK):
        yield Finding(False, f"{entry} is not executable: {host.title} passes over it", f"chmod +x {entry}")
    if installation.settings:
        text = installation.settings.read_bytes() if installation.settings.exists() else b""
        if not kritarc.is_enabled(text, host.folder):
            where = "Settings > Configure Krita > Python Plugin Manager"
            yield Finding(False, f"{installation.settings} does not switch it on", f"tick it in {where}")


@dataclass(frozen=True)
class _Probe:
    """Runs probe.py, copied into the temporary `folder`, outside and inside the host."""

    folder: Path
    host: Host
    installation: Installation
    machine: Machine

    @property
    def _plugin(self) -> Path:
        return self.installation.plugins / self.host.folder

    def check_service(self) -> Finding:
        """Whether the service answers the plug-in's client, run by this Python."""
        report, result = self._run([sys.executable, str(self._script)], {}, ["service"])
        return _service_finding(report.get("service"), result)

    def check_host(self, program: Program | None, *, with_service: bool) -> Iterator[Finding]:
        """Whether the host loads the plug-in and, on request, whether the service answers from inside the host."""
        if program is None:
            yield Finding(None, f"{self.host.title} was not found: it was not looked at from within")
            return
        checks = [self.host.name, *(["service"] if with_service else [])]
        report, result = (self._run_in_gimp if self.host.needs_executable else self._run_in_krita)(
            program.command, checks
        )
        yield _host_finding(self.host, report, result)
        if with_service and report:
            yield _service_finding(report.get("service"), result, f"within {self.host.title}, ")

    def _run_in_gimp(self, command: Sequence[str], checks: list[str]) -> tuple[dict[str, Any], RunResult]:
        """Run the checks in GIMP, with a temporary profile that holds only the plug-in."""
        profile = self.folder / "profile"
        shutil.copytree(self._plugin, profile / "plug-ins" / self.host.folder)
        batch = f"import runpy; runpy.run_path({str(self._script)!r}, run_name='__main__')"
        arguments = ["--no-interface", "--batch-interpreter=python-fu-eval", "--batch", batch, "--quit"]
        return self._run([*command, *arguments], {"GIMP3_DIRECTORY": str(profile)}, checks)

    def _run_in_krita(self, command: Sequence[str], checks: list[str]) -> tuple[dict[str, Any], RunResult]:
        """Run the checks in kritarunner, with a temporary profile."""
        variables = {f"XDG_{kind}_HOME": str(self.folder / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE")}
        variables |= {"PYTHONPATH": str(self.folder), "QT_QPA_PLATFORM": "offscreen"}
        return self._run([*command, "-s", self._script.stem, "-f", "run"], variables, checks)

    def _run(
        self, command: Sequence[str], variables: dict[str, str], checks: list[str]
    ) -> tuple[dict[str, Any], RunResult]:
        """Run `command`, which runs the probe; returns the probe's report, empty if there is none."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        request = {"folder": str(self._plugin), "checks": checks}
        (self.folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        shutil.copyfile(Path(__file__).with_name("probe.py"), self._script)
        result = run(command, {**self.machine.desktop, **variables}, _LIMIT_S)
        return json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}, result

    @property
    def _script(self) -> Path:
        return self.folder / "ganfx_probe.py"


def _service_finding(check: dict[str, Any] | None, result: RunResult, where: str = "") -> Finding:
    if check is None:
        return Finding(False, f"{where}the engine could not be asked: {_reason(result)}", details=_details(result))
    if "error" in check:
        return Finding(False, where + check["error"], check["hint"] or "", check["traceback"])
    return Finding(True, f"{where}the engine answers: a test picture went through {check['passed'][0]}")


def _host_finding(host: Host, report: dict[str, Any], result: RunResult) -> Finding:
    if not report and _PYTHON_MISSING.search(result.output):
        hint = f"install it: on Debian and Ubuntu, {_PYTHON_PACKAGES[host.name]}"
        return Finding(False, f"{host.title} has no Python, or not all of it: {_reason(result)}", hint)
    if not report:
        return Finding(False, f"{host.title} did not start: {_reason(result)}", details=_details(result))
    check = report[host.name]
    if "error" in check:
        return Finding(False, f"{host.title} cannot load it: {check['error']}", details=check["traceback"])
    if not check["passed"]:
        reason = (_errors(result) or ["it gives no reason"])[-1]
        return Finding(False, f"{host.title} does not load it: {reason}", details=_traceback(result))
    return Finding(True, f"{host.title} loads it, with Python {report['python']}")


def _reason(result: RunResult) -> str:
    """The output line that best explains why a program failed."""
    if result.exit_status is None:
        return f"it did not end within {_LIMIT_S:.0f} s"
    return (_errors(result) or _lines(result) or [f"it ended with status {result.exit_status}"])[-1]


def _lines(result: RunResult) -> list[str]:
    """The output lines, without the prefix that Krita adds."""
    lines = (re.sub(r'^krita\.scripting: "(.*)"$', r"\1", line) for line in result.output.splitlines())
    return [line.rstrip() for line in lines if line.strip()]


def _errors(result: RunResult) -> list[str]:
    return [line for line in _lines(result) if _ERROR.match(line)]


def _traceback(result: RunResult) -> str:
    """The last Python traceback in the output; empty if there is none."""
    lines = _lines(result)
    end = max((at for at, line in enumerate(lines) if _ERROR.match(line)), default=-1)
    start = end
    while start > 0 and lines[start - 1].startswith((" ", "Traceback")):
        start -= 1
    return "\n".join(lines[start : end + 1]) if end >= 0 else ""


def _details(result: RunResult) -> str:
    return _traceback(result) or "\n".join(_lines(result)[-_LAST_LINES:])
