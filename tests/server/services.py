"""A service of its own for a test, and how to speak to it: through the plug-ins' client, or byte by byte."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins.client import Engine

_PATIENCE_S = 60.0


def until(met: Callable[[], Any], seconds: float = _PATIENCE_S) -> Any:
    """What `met` finds in the end, asked again until it is something."""
    end = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class Service:
    """A process that serves, or is about to, with its word of itself in `state`."""

    process: subprocess.Popen[str]
    state: Path

    @property
    def address(self) -> dict[str, Any]:
        """What server.json says, once it says something of this very process."""
        found: dict[str, Any] = until(self._said)
        return found

    def _said(self) -> dict[str, Any] | None:
        with contextlib.suppress(OSError):
            said: dict[str, Any] = json.loads((self.state / "server.json").read_text())
            return said if said["pid"] == self.process.pid else None
        return None

    @property
    def engine(self) -> Engine:
        """The plug-ins' client of it, which could not start another."""
        assert self.address
        return Engine((sys.executable, "-c", "raise SystemExit('it is not there')"), self.state)

    @property
    def headers(self) -> dict[str, str]:
        """With which it listens to a request."""
        return {"Authorization": f"Bearer {self.address['token']}"}

    def line(self, timeout_s: float = _PATIENCE_S) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.address["port"], timeout=timeout_s)

    def health(self) -> dict[str, Any]:
        """What it says of its health."""
        status, said = self.ask("GET", "/v1/health")
        assert status == 200
        return said

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
        """(status, JSON) of one request; `headers` stand in for those with which it listens."""
        with contextlib.closing(self.line()) as line:
            line.request(method, path, body or None, dict(self.headers if headers is None else headers))
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())

    def apply(self, body: bytes, client: str) -> list[dict[str, Any]]:
        """The messages that answer a request of `client`, without pixels."""
        with contextlib.closing(self.line()) as line:
            line.request("POST", "/v1/apply", body, self.headers | {"X-Ganfx-Client": client})
            answer = line.getresponse()
            assert answer.status == 200
            return list(_messages(answer))


def _messages(answer: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    while head := answer.read(4):
        said = json.loads(answer.read(*struct.unpack("<I", head)))
        answer.read(said.get("bytes", 0))
        yield said


def asked(pixels: bytes, mask: bytes = b"", **header: Any) -> bytes:
    """The body of a request."""
    text = json.dumps({"model": None, "options": {}, "mask": bool(mask), **header}).encode()
    return struct.pack("<I", len(text)) + text + pixels + mask


@contextlib.contextmanager
def serving(state: Path, models: Path, *options: object) -> Iterator[Service]:
    """A service with `options`, ended in the end."""
    environment = os.environ | {"GANFX_STATE": str(state), "GANFX_MODELS": str(models)}
    command = [sys.executable, "-m", "ganfx", "serve", "--provider", "cpu", *map(str, options)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield Service(process, state)
    finally:
        process.kill()
        process.communicate()
