"""Starts a service for tests, and talks to it through the plug-ins' client or in raw requests."""

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

from plugins.client import ServiceClient

_TIMEOUT_S = 60.0


def wait_until(condition: Callable[[], Any], seconds: float = _TIMEOUT_S) -> Any:
    """Poll `condition` until it is true; returns its value."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "timed out"
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class Service:
    """A service process with the state folder `state`; it may not listen yet."""

    process: subprocess.Popen[str]
    state: Path

    @property
    def address(self) -> dict[str, Any]:
        """The content of server.json, once this process has written it."""
        found: dict[str, Any] = wait_until(self._read_address)
        return found

    def _read_address(self) -> dict[str, Any] | None:
        with contextlib.suppress(OSError):
            address: dict[str, Any] = json.loads((self.state / "server.json").read_text())
            return address if address["pid"] == self.process.pid else None
        return None

    @property
    def client(self) -> ServiceClient:
        """The plug-ins' client, with a command that cannot start another service."""
        assert self.address
        return ServiceClient((sys.executable, "-c", "raise SystemExit('it is not there')"), self.state)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an authorised request."""
        return {"Authorization": f"Bearer {self.address['token']}"}

    def connect(self, timeout_s: float = _TIMEOUT_S) -> http.client.HTTPConnection:
        """An open connection."""
        return http.client.HTTPConnection("127.0.0.1", self.address["port"], timeout=timeout_s)

    def health(self) -> dict[str, Any]:
        """The response of /v1/health."""
        status, reply = self.request("GET", "/v1/health")
        assert status == 200
        return reply

    def request(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
        """(status, JSON) of one request; `headers` replace the authorised ones."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body or None, dict(self.headers if headers is None else headers))
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def apply(self, body: bytes, client: str) -> list[dict[str, Any]]:
        """The response messages to a request of `client`, without pixels."""
        with contextlib.closing(self.connect()) as connection:
            connection.request("POST", "/v1/apply", body, self.headers | {"X-Ganfx-Client": client})
            response = connection.getresponse()
            assert response.status == 200
            return list(_messages(response))


def _messages(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    while head := response.read(4):
        message = json.loads(response.read(*struct.unpack("<I", head)))
        response.read(message.get("bytes", 0))
        yield message


def request_body(pixels: bytes, mask: bytes = b"", **header: Any) -> bytes:
    """The body of a request to /v1/apply."""
    text = json.dumps({"model": None, "options": {}, "mask": bool(mask), **header}).encode()
    return struct.pack("<I", len(text)) + text + pixels + mask


# Starts ganfx with time limits of one second for clients.
_HASTY = """
from ganfx.cli import main
from ganfx.server import body, connections, pace
body.DRAIN_S = connections.HEAD_S = pace.SILENCE_S = 1.0
main()
"""

# Starts ganfx with a catalogue of models of its own, the first argument.
_LOCAL = """
import sys
from pathlib import Path
from ganfx.cli import main
from ganfx.hub import address, known_models
address.LOCAL_HTTP = True
known_models.CATALOGUE = Path(sys.argv.pop(1))
main()
"""


@contextlib.contextmanager
def serving(
    state: Path,
    models: Path,
    *options: object,
    hasty: bool = False,
    descriptors: int | None = None,
    catalogue: Path | None = None,
) -> Iterator[Service]:
    """A service started with `options`, killed at the end of the block.

    A `hasty` one gives clients one second. `descriptors` is how many files it may have open. `catalogue` has the models
    to be pulled, which may be on a server of this computer.
    """
    environment = os.environ | {"GANFX_STATE": str(state), "GANFX_MODELS": str(models)}
    program = ["-c", _HASTY] if hasty else ["-c", _LOCAL, str(catalogue)] if catalogue else ["-m", "ganfx"]
    command = [sys.executable, *program, "serve", "--provider", "cpu", *map(str, options)]
    if descriptors is not None:
        command = ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *command]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield Service(process, state)
    finally:
        process.kill()
        process.communicate()
