"""Runs Krita with its own profile, and executes Python inside it."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.real_hosts.service import wait_for

DRIVER = Path(__file__).with_name("krita_driver.py")
_DESKTOP = """[Desktop Entry]
Type=Service
ServiceTypes=Krita/PythonPlugin
X-KDE-Library=ganfx_driver
X-Python-2-Compatible=false
Name=driver
"""


class KritaHost:
    """Krita with its home in `folder`."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.jobs = folder, folder / "jobs"
        folders = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE")}
        variables = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run"), "GANFX_JOBS": str(self.jobs)}
        self.environment = {**environment, **folders, **variables, "LIBGL_ALWAYS_SOFTWARE": "1", "LC_CTYPE": "C.UTF-8"}
        (folder / "run").mkdir(mode=0o700, parents=True)
        self.jobs.mkdir()
        driver = self.plugins / "ganfx_driver"
        driver.mkdir(parents=True)
        (driver / "__init__.py").write_text(DRIVER.read_text(encoding="utf-8"), encoding="utf-8")
        (self.plugins / "ganfx_driver.desktop").write_text(_DESKTOP)
        self.settings.parent.mkdir()
        self.settings.write_text("[python]\nenable_ganfx_driver=true\n")
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()

    @property
    def plugins(self) -> Path:
        return self.folder / "data" / "krita" / "pykrita"

    @property
    def plug_in(self) -> Path:
        return self.plugins / "ganfx_krita"

    @property
    def settings(self) -> Path:
        return self.folder / "config" / "kritarc"

    @property
    def log(self) -> str:
        return (self.folder / "krita.log").read_text(errors="replace")

    def start(self, display: str) -> None:
        """Start Krita and wait until it executes code."""
        with (self.folder / "krita.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["krita", "--nosplash"], env={**self.environment, "DISPLAY": display}, stdout=log, stderr=log
            )
        self.do("answer = app.version(), app.activeWindow().qwindow().isVisible()", 120)

    def do(self, code: str, timeout_s: float = 60) -> Any:
        """Execute Python inside Krita (see krita_driver.py); returns its variable `answer`."""
        process = self.process
        assert process is not None, f"Krita was ended: {self.log[-2000:]}"
        job = self.jobs / f"{next(self._numbers):04}.py"
        job.with_suffix(".part").write_text(code, encoding="utf-8")
        job.with_suffix(".part").rename(job)
        try:
            wait_for(lambda: job.with_suffix(".json").exists() or process.poll() is not None, timeout_s)
        except TimeoutError:
            self.stop()
            raise
        assert process.poll() is None, f"Krita ended: {self.log[-2000:]}"
        reply = json.loads(job.with_suffix(".json").read_text(encoding="utf-8"))
        assert "error" not in reply, reply["error"]
        return reply["answer"]

    def apply(self, code: str, timeout_s: float = 60) -> str:
        """Execute Python that starts a filter; returns the docker's message once the job has ended."""
        self.do(code)
        wait_for(lambda: not self.do("answer = state()['busy']"), timeout_s)
        message: str = self.do("answer = state()['message']")
        return message

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
