"""The engine's service as the tests in real programs see it: started, watched and killed from outside."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def wait_for(what: Callable[[], Any], timeout_s: float = 30) -> Any:
    """What `what` gives once that is true. Raises TimeoutError."""
    end = time.monotonic() + timeout_s
    while not (found := what()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout_s} s in vain")
        time.sleep(0.05)
    return found


@dataclass
class Service:
    """The service that is found through `environment`'s GANFX_STATE, whoever started it."""

    environment: dict[str, str]

    @property
    def state(self) -> Path:
        return Path(self.environment["GANFX_STATE"])

    @property
    def models(self) -> Path:
        return Path(self.environment["GANFX_MODELS"])

    def ganfx(self, *words: str | Path, environment: dict[str, str] | None = None) -> str:
        """What the command line says, in a host's environment where there is one."""
        command = [sys.executable, "-m", "ganfx", *map(str, words)]
        done = subprocess.run(command, env=environment or self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        if self.health() is None:
            command = [sys.executable, "-m", "ganfx", "serve"]
            nothing = subprocess.DEVNULL
            subprocess.Popen(command, env=self.environment, stdout=nothing, stderr=nothing, start_new_session=True)
            wait_for(self.health)

    def health(self) -> dict[str, Any] | None:
        """What it says of itself, None where it does not answer."""
        try:
            place = json.loads((self.state / "server.json").read_text())
            connection = http.client.HTTPConnection(place["host"], place["port"], timeout=5)
            with contextlib.closing(connection):
                connection.request("GET", "/v1/health", headers={"Authorization": "Bearer " + place["token"]})
                said: dict[str, Any] = json.loads(connection.getresponse().read())
                return said
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def is_busy(self) -> bool:
        said = self.health()
        return said is not None and bool(said["busy"])

    def kill(self) -> None:
        """End it as a crash would."""
        said = self.health()
        if said is not None:
            os.kill(said["pid"], signal.SIGKILL)
            wait_for(lambda: self.health() is None)
