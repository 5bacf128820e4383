"""Runs GIMP 3 from a folder tree with its own profile, and executes Python inside it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.real_hosts.service import wait_for

TREE = ROOT / ".hosts" / "gimp"
DRIVER = Path(__file__).with_name("gimp_driver.py")
# The version and the second line suppress the welcome dialogue.
GIMPRC = '(config-version "3.0.4")\n(show-welcome-dialog no)\n(check-updates no)\n(confirm-on-close no)\n'
# Bind-mounts folders into the tree at their own paths, for this process and its children only. The tests' Python, which
# needs the libraries outside of the tree, is replaced by a script that leaves the tree.
WRAPPER = """exec unshare --mount --propagation private sh -ec '
mkdir -p "{tree}/outside"
mount --rbind / "{tree}/outside"
for folder in {folders}; do
  mkdir -p "{tree}$folder"
  mount --rbind "$folder" "{tree}$folder"
done
mkdir -p "{tree}{pythons}"
mount --bind "{exit_folder}" "{tree}{pythons}"
exec chroot "{tree}" env PATH=/usr/bin:/bin {program} "$@"' {program} "$@"
"""


class GimpHost:
    """GIMP with its profile in `folder`; it can also read the folders `visible`."""

    def __init__(self, folder: Path, visible: list[Path], environment: dict[str, str]) -> None:
        self.folder, self.profile, self.jobs = folder, folder / "profile", folder / "jobs"
        programs, exit_folder = folder / "bin", folder / "exit_folder"
        for path in (self.profile, self.jobs, programs, exit_folder, folder / "home"):
            path.mkdir(parents=True)
        (self.profile / "gimprc").write_text(GIMPRC)
        assert sys.prefix != sys.base_prefix, "run the tests from a virtual environment, as `make test-hosts` does"
        python = Path(sys.executable)
        _script(exit_folder / python.name, f'exec /usr/sbin/chroot /outside "{python}" "$@"')
        folders = shlex.join(map(str, [ROOT, *visible, Path("/proc"), Path("/dev")]))
        for program in ("gimp-3.0", "gimp-console-3.0"):
            tree, pythons = TREE.resolve(), python.parent
            _script(
                programs / program,
                WRAPPER.format(folders=folders, tree=tree, exit_folder=exit_folder, pythons=pythons, program=program),
            )
        variables = {"HOME": str(folder / "home"), "GIMP3_DIRECTORY": str(self.profile), "LANG": "C.UTF-8"}
        path = f"{programs}{os.pathsep}{environment['PATH']}"
        self.environment = {**environment, **variables, "PATH": path, "NO_AT_BRIDGE": "1"}
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()

    @property
    def plug_in(self) -> Path:
        return self.profile / "plug-ins" / "ganfx"

    @property
    def log(self) -> str:
        return (self.folder / "gimp.log").read_text(errors="replace")

    def start(self, display: str | None = None) -> None:
        """Start GIMP, with a window if there is a display, and wait until it executes code."""
        program = ["gimp-3.0", "--no-splash"] if display else ["gimp-console-3.0", "--no-interface"]
        batch = f"FOLDER = {str(self.jobs)!r}; exec(open({str(DRIVER)!r}).read())"
        command = [*program, "--new-instance", "--batch-interpreter=python-fu-eval", "--batch", batch]
        environment = {**self.environment, **({"DISPLAY": display} if display else {})}
        with (self.folder / "gimp.log").open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        self.do("answer = Gimp.version()", 120)

    @contextlib.contextmanager
    def running(self, display: str | None = None) -> Iterator[GimpHost]:
        self.start(display)
        try:
            yield self
        finally:
            self.stop()

    def begin(self, code: str) -> Path:
        """Execute Python inside GIMP (see gimp_driver.py); `finish` returns its variable `answer`."""
        job = self.jobs / f"{next(self._numbers):04}.py"
        job.with_suffix(".part").write_text(code)
        job.with_suffix(".part").rename(job)
        return job

    def finish(self, job: Path, timeout_s: float = 60) -> Any:
        assert self.process is not None

        def done() -> bool:
            return job.with_suffix(".json").exists() or self.process.poll() is not None

        wait_for(done, timeout_s)
        assert self.process.poll() is None, f"GIMP ended: {self.log[-2000:]}"
        reply = json.loads(job.with_suffix(".json").read_text())
        assert "error" not in reply, reply["error"]
        return reply["answer"]

    def do(self, code: str, timeout_s: float = 60) -> Any:
        return self.finish(self.begin(code), timeout_s)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
