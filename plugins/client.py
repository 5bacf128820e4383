"""Client of the local ganfx service ("the engine" in messages): finds it, starts it if needed, and sends pixels.

Standard library only, Python 3.9 or later, since it runs in the Python of a painting program. `ganfx plugins install`
puts a copy next to each plug-in, with the file SETTINGS: how to start the service, and its state folder.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import math
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

SETTINGS = "engine.json"
# Prefixes of variables that a host sets for its own Python and libraries; they would break the service's.
_HOST_VARIABLES = ("PYTHON", "LD_", "DYLD_", "QT_", "QML", "GI_", "GIO_", "GIMP", "GEGL", "BABL", "KRITA", "APPDIR")
_FLATPAK = Path("/.flatpak-info")
# The service listens nowhere else.
_HOST = "127.0.0.1"
# Time limits: for the start, for an instance started by somebody else, and between two messages.
_START_S, _GRACE_S, _SILENCE_S = 60.0, 10.0, 30.0
_CHUNK = 1 << 20
_MAX_JSON_BYTES = 16 << 20
_SHAPE = ("width", "height", "channels", "depth")
_START_HINT = "Start it in a terminal: ganfx serve"
_DETACHED: dict[str, Any] = {"start_new_session": True, "creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}
_DETACHED.update(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

ONE_RESULT = "There is one result only: thin holes are filled in one way"
# Called with the fraction done, 0 to 1.
Progress = Callable[[float], None]


class ServiceError(Exception):
    """An error to show to the user: a sentence, optionally what to do next, and the service's error code."""

    def __init__(self, message: str, hint: str | None = None, code: str = "server") -> None:
        super().__init__(". ".join(part[:1].upper() + part[1:] for part in (message, hint) if part))
        self.message, self.hint, self.code = message, hint, code


@dataclass(frozen=True)
class Pixels:
    """A picture. Raises ServiceError if the size of `data` is wrong.

    data: rows from the top, channels interleaved, samples in native byte order, sRGB-encoded, alpha not premultiplied.
    channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. depth: 8 or 16 bits (integers), 32 (floats, 1.0 is white).
    canvas: of a result, the size of the whole picture then; None where the service does not say.
    """

    width: int
    height: int
    channels: int
    depth: int
    data: bytes
    canvas: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if len(self.data) * 8 != self.width * self.height * self.channels * self.depth:
            raise ServiceError(f"{len(self.data)} bytes are no picture of {self.width}x{self.height}")


@dataclass(frozen=True)
class ServiceClient:
    """A client of the service with the state folder `state`; thread-safe.

    `command` plus "serve" starts the service when it is first needed, with the variables of `environment` added.
    """

    command: tuple[str, ...]
    state: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, file: str) -> ServiceClient:
        """The client described by SETTINGS in the folder of `file`. Raises ServiceError if there is none."""
        try:
            settings = json.loads(Path(file).with_name(SETTINGS).read_text(encoding="utf-8"))
            environment = {name: _native(value) for name, value in settings.get("environment", {}).items()}
            return cls(tuple(map(_native, settings["command"])), Path(_native(settings["state"])), environment)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ServiceError("This plug-in does not know its engine", "Run: ganfx plugins install") from error

    def filters(self) -> list[dict[str, Any]]:
        """The filters of the schema (docs/service.md), without starting the service. Raises ServiceError."""
        schema = self._read_json("filters.json") or {"filters": [], "watched": [], "made": -1.0}
        if max(map(os.path.getmtime, filter(os.path.exists, schema["watched"])), default=0.0) > schema["made"]:
            # If the update fails, an outdated list is better than none.
            with contextlib.suppress(ServiceError) if schema["filters"] else contextlib.nullcontext():
                self._start(["plugins", "describe"], lambda process: process.poll() == 0, lambda share: None)
            schema = self._read_json("filters.json") or schema
        return list(schema["filters"])

    def apply(
        self,
        filter_name: str,
        pixels: Pixels,
        report: Progress,
        mask: bytes = b"",
        most_bytes: float = math.inf,
        **fields: Any,
    ) -> Pixels:
        """Apply a filter to `pixels` and return the result; blocks.

        mask: one byte per pixel, 255 = fill. fields: further fields of the request header, such as model and options.
        most_bytes: a result with more is refused before it is made.
        `report` is called at least every second; an exception that it raises cancels the job and is passed on.
        Raises ServiceError.
        """
        report(0.0)
        header = {key: getattr(pixels, key) for key in _SHAPE}
        text = json.dumps({**header, **fields, "filter": filter_name, "mask": bool(mask)}).encode()
        parts = [len(text).to_bytes(4, "little"), text, pixels.data, mask or b""]
        address = self._find_service() or self._start(["serve"], lambda process: self._find_service(), report)
        connection = http.client.HTTPConnection(_HOST, address["port"], timeout=_SILENCE_S)
        with contextlib.closing(connection):
            with self._readable_errors():
                response = _post(connection, address["token"], parts)
            with response:
                return self._receive(response, report, most_bytes)

    def _receive(self, response: http.client.HTTPResponse, report: Progress, most_bytes: float) -> Pixels:
        # BytesIO hands out its content without a copy.
        shape: dict[str, Any] = {}
        data, at = io.BytesIO(), 0
        while True:
            with self._readable_errors():
                message = json.loads(response.read(int.from_bytes(response.read(4), "little")))
                if message["event"] == "error":
                    raise ServiceError(message["message"], message.get("hint"), message["code"])
                if message["event"] == "started":
                    shape = {key: message[key] for key in _SHAPE}
                    size = math.prod(shape.values()) // 8
                    if size > most_bytes:
                        raise ServiceError("The result would be too large for this program", "Ask for a smaller size")
                    data = io.BytesIO(bytes(size))
                    shape["canvas"] = tuple(message["canvas"]) if "canvas" in message else None
                elif message["event"] == "rows":
                    with data.getbuffer() as buffer:
                        at += response.readinto(buffer[at : at + message["bytes"]])
                elif message["event"] == "done":
                    data.truncate(at)
                    return Pixels(data=data.getvalue(), **shape)
            report(message.get("share", 0.0))

    @contextlib.contextmanager
    def _readable_errors(self) -> Iterator[None]:
        """Turn connection errors and invalid responses into ServiceError."""
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            problem = "has fallen silent" if isinstance(error, socket.timeout) else "ended in the middle of its work"
            raise ServiceError(f"The engine {problem}", f"Its log: {self.state / 'serve.log'}", "gone") from error
        except (ValueError, LookupError, TypeError) as error:
            raise ServiceError("The engine and this plug-in differ in age", "Run: ganfx plugins install") from error

    def _find_service(self) -> Any:
        """The content of server.json if the service answers there, else None (another program may use the port now)."""
        address = self._read_json("server.json")
        try:
            # Do not connect if the process is dead. On Windows os.kill would end it, and a sandbox has its own pids.
            if os.name != "nt" and not _FLATPAK.exists():
                os.kill(address["pid"], 0)
            if address["host"] != _HOST:
                return None
            connection = http.client.HTTPConnection(_HOST, address["port"], timeout=2)
            with contextlib.closing(connection):
                connection.request("GET", "/v1/health", headers={"Authorization": "Bearer " + address["token"]})
                health = json.loads(connection.getresponse().read(_CHUNK))
                return address if health["pid"] == address["pid"] else None
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
            return None

    def _read_json(self, name: str) -> Any:
        """The JSON in a file of the state folder; None if it is not there, a link, or not this user's."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            with open(os.open(self.state / name, flags), "rb") as file:
                is_own = os.name == "nt" or os.fstat(file.fileno()).st_uid == os.geteuid()
                return json.loads(file.read(_MAX_JSON_BYTES)) if is_own else None
        except (OSError, ValueError, RecursionError):
            return None

    def _start(self, words: list[str], ready: Callable[[subprocess.Popen[bytes]], Any], report: Progress) -> Any:
        """Run ganfx with `words` and wait until `ready` returns a true value, which is returned.

        Raises ServiceError with the error message of ganfx if it fails.
        """
        # Standard error goes to a file: the service outlives the host, and an unread pipe would block or break.
        with tempfile.TemporaryFile() as stderr:
            process, deadline = self._spawn(words, stderr), time.monotonic() + _START_S
            while not (value := ready(process)):
                status = process.poll()
                if status:
                    raise _start_error(stderr)
                # Status 0: another instance runs already, and may be about to listen.
                deadline = deadline if status is None else min(deadline, time.monotonic() + _GRACE_S)
                if time.monotonic() > deadline:
                    raise ServiceError("The engine does not answer", _START_HINT)
                report(0.0)
                time.sleep(0.05)
            return value

    def _spawn(self, words: list[str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        added = {**self.environment, "GANFX_STATE": str(self.state), "PYTHONSAFEPATH": "1"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_HOST_VARIABLES)}
        variables = (f"--env={name}={value}" for name, value in added.items())
        outside = ["flatpak-spawn", "--host", f"--directory={self.state}", *variables] if _FLATPAK.exists() else []
        command = [*outside, *self.command, *words]
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Neither from the host's current folder, which may be anything, nor from its own does it import modules.
            return subprocess.Popen(command, stderr=stderr, env=inherited | added, cwd=self.state, **_DETACHED)
        except OSError as error:
            raise ServiceError("The engine is not where it was", "Run: ganfx plugins install") from error


def candidates(apply: Callable[..., Pixels], count: int, options: dict[str, Any], report: Progress) -> list[Pixels]:
    """The results of `apply`, a client's with other arguments bound, for `count` seeds; one if all are the same."""
    results: list[Pixels] = []
    for number in range(count):
        seeded = {**options, "seed": options["seed"] + number} if number else options
        results.append(apply(report=lambda share, before=number: report((before + share) / count), options=seeded))
        if number and results[-1] == results[0]:
            return results[:1]
    return results


def _post(connection: http.client.HTTPConnection, token: str, parts: list[bytes]) -> http.client.HTTPResponse:
    """POST `parts` to /v1/apply. Raises ServiceError if the service refuses."""
    headers = {"Authorization": "Bearer " + token, "X-Ganfx-Client": str(os.getpid())}
    headers["Content-Length"] = str(sum(map(len, parts)))
    body = (memoryview(part)[at : at + _CHUNK] for part in parts for at in range(0, len(part), _CHUNK))
    # A service that refuses may close its side before all is sent; its response can still be read.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ConnectionAbortedError):
        connection.request("POST", "/v1/apply", body, headers)
    response = connection.getresponse()
    if response.status != 200:
        error = json.loads(response.read())["error"]
        raise ServiceError(error["message"], error.get("hint"), error["code"])
    return response


def _start_error(stderr: IO[bytes]) -> ServiceError:
    stderr.seek(0)
    lines = stderr.read().decode(errors="replace").strip().splitlines() or ["it gives no reason"]
    fields = dict(line.split(": ", 1) for line in lines if line.startswith(("error: ", "hint: ")))
    return ServiceError(f"The engine does not start: {fields.get('error', lines[-1])}", fields.get("hint", _START_HINT))


def _native(text: str) -> str:
    """Decode `text` with the file system encoding, which may be ASCII inside a host."""
    return os.fsdecode(text.encode())
