"""Starts, watches and kills the service for tests in the real programs."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def wait_for(condition: Callable[[], Any], timeout_s: float = 30) -> Any:
    """Poll `condition` until it is true; returns its value. Raises TimeoutError."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout_s} s in vain")
        time.sleep(0.05)
    return found


@dataclass
class Service:
    """The service with the state folder GANFX_STATE of `environment`, whoever started it."""

    environment: dict[str, str]

    @property
    def state(self) -> Path:
        return Path(self.environment["GANFX_STATE"])

    @property
    def models(self) -> Path:
        return Path(self.environment["GANFX_MODELS"])

    def ganfx(self, *words: str | Path, environment: dict[str, str] | None = None) -> str:
        """Run the command line, by default in the service's environment; returns its standard output."""
        command = [sys.executable, "-m", "ganfx", *map(str, words)]
        done = subprocess.run(command, env=environment or self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        if self.health() is None:
            command = [sys.executable, "-m", "ganfx", "serve"]
            devnull = subprocess.DEVNULL
            subprocess.Popen(command, env=self.environment, stdout=devnull, stderr=devnull, start_new_session=True)
            wait_for(self.health)

    def health(self) -> dict[str, Any] | None:
        """The response of /v1/health, None if there is none."""
        try:
            address = json.loads((self.state / "server.json").read_text())
            connection = http.client.HTTPConnection(address["host"], address["port"], timeout=5)
            with contextlib.closing(connection):
                connection.request("GET", "/v1/health", headers={"Authorization": "Bearer " + address["token"]})
                health: dict[str, Any] = json.loads(connection.getresponse().read())
                return health
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def is_busy(self) -> bool:
        health = self.health()
        return health is not None and bool(health["busy"])

    def kill(self) -> None:
        """End it like a crash."""
        health = self.health()
        if health is not None:
            os.kill(health["pid"], signal.SIGKILL)
            wait_for(lambda: self.health() is None)

    @contextlib.contextmanager
    def automatic_strength(self) -> Iterator[None]:
        """Let the schema say that the strength of stylize may be automatic, which the service itself refuses."""
        self.ganfx("plugins", "describe")
        path = self.state / "filters.json"
        original = path.read_text()
        schema = json.loads(original) | {"made": time.time() + 3600}
        controls = next(one["controls"] for one in schema["filters"] if one["name"] == "stylize")
        next(one for one in controls if one["name"] == "strength").update(auto="auto", default="auto")
        path.write_text(json.dumps(schema))
        try:
            yield
        finally:
            path.write_text(original)
