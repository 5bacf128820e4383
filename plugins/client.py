"""A painting program's line to the ganfx engine: finds it, starts it where it does not run, and sends pixels.

Standard library alone, Python 3.9 and later: it runs in whatever Python a host brings. `ganfx plugins install` lays a
copy beside each plug-in, with the file SETTINGS that says how the engine is started and where it leaves word.
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
# What a host sets for its own libraries and Python would break the engine's.
_OF_THE_HOST = ("PYTHON", "LD_", "DYLD_", "QT_", "QML", "GI_", "GIO_", "GIMP", "GEGL", "BABL", "KRITA", "APPDIR")
_FLATPAK = Path("/.flatpak-info")
_START_S, _GRACE_S, _SILENCE_S, _CHUNK = 60.0, 10.0, 30.0, 1 << 20
_SHAPE = ("width", "height", "channels", "depth")
_BY_HAND = "Start it in a terminal: ganfx serve"
_APART: dict[str, Any] = {"start_new_session": True, "creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}
_APART.update(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

Progress = Callable[[float], None]


class GanfxError(Exception):
    """What went wrong, in a sentence; `hint` says what to do next, where that is known."""

    def __init__(self, message: str, hint: str | None = None, code: str = "server") -> None:
        super().__init__(". ".join(part[:1].upper() + part[1:] for part in (message, hint) if part))
        self.message, self.hint, self.code = message, hint, code


@dataclass(frozen=True)
class Pixels:
    """`data` holds rows from the top, channels together and in native order: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.

    depth is 8 or 16 bits, or 32 for floats in [0, 1]; sRGB-encoded, alpha straight. Raises GanfxError on a wrong size.
    """

    width: int
    height: int
    channels: int
    depth: int
    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) * 8 != self.width * self.height * self.channels * self.depth:
            raise GanfxError(f"{len(self.data)} bytes are no picture of {self.width}x{self.height}")


@dataclass(frozen=True)
class Engine:
    """The engine that `command` starts when it is first needed. Several threads may use it at once.

    It leaves word of itself in the folder `state`; its environment must hold `environment`.
    """

    command: tuple[str, ...]
    state: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def beside(cls, file: str) -> Engine:
        """The one that is told of in the folder of `file`. Raises GanfxError where there is none."""
        try:
            said = json.loads(Path(file).with_name(SETTINGS).read_text(encoding="utf-8"))
            own = {name: _native(value) for name, value in said.get("environment", {}).items()}
            return cls(tuple(map(_native, said["command"])), Path(_native(said["state"])), own)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise GanfxError("This plug-in does not know its engine", "Run: ganfx plugins install") from error

    def filters(self) -> list[dict[str, Any]]:
        """What there is to be chosen, without beginning the engine. Raises GanfxError."""
        known = self._read("filters.json") or {"filters": [], "watched": [], "made": -1.0}
        if max(map(os.path.getmtime, filter(os.path.exists, known["watched"])), default=0.0) > known["made"]:
            # What was known before is better than nothing.
            with contextlib.suppress(GanfxError) if known["filters"] else contextlib.nullcontext():
                self._run(["plugins", "describe"], lambda process: process.poll() == 0, lambda share: None)
            known = self._read("filters.json") or known
        return list(known["filters"])

    def apply(self, filter_name: str, pixels: Pixels, told: Progress, mask: bytes = b"", **asked: Any) -> Pixels:
        """`pixels` through a filter; mask has a byte a pixel, 255 = fill; `asked`: what else a request may say. Blocks.

        `told` hears the share that is done at least every second; what it raises ends the work, there too.
        Raises GanfxError.
        """
        told(0.0)
        header = {key: getattr(pixels, key) for key in _SHAPE}
        text = json.dumps({**header, **asked, "filter": filter_name, "mask": bool(mask)}).encode()
        place = self._listening() or self._run(["serve"], lambda process: self._listening(), told)
        with contextlib.closing(http.client.HTTPConnection(place["host"], place["port"], timeout=_SILENCE_S)) as line:
            with self._understood():
                answer = _asked(line, place["token"], [len(text).to_bytes(4, "little"), text, pixels.data, mask or b""])
            with answer:
                return self._received(answer, told)

    def _received(self, answer: http.client.HTTPResponse, told: Progress) -> Pixels:
        # Of many megabytes, this gives its bytes without a copy.
        shape, data, at = {}, io.BytesIO(), 0
        while True:
            with self._understood():
                said = json.loads(answer.read(int.from_bytes(answer.read(4), "little")))
                if said["event"] == "error":
                    raise GanfxError(said["message"], said.get("hint"), said["code"])
                if said["event"] == "started":
                    shape = {key: said[key] for key in _SHAPE}
                    data = io.BytesIO(bytes(math.prod(shape.values()) // 8))
                elif said["event"] == "rows":
                    with data.getbuffer() as room:
                        at += answer.readinto(room[at : at + said["bytes"]])
                elif said["event"] == "done":
                    data.truncate(at)
                    return Pixels(data=data.getvalue(), **shape)
            told(said.get("share", 0.0))

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        """Say in plain words why a line broke, or that what came over it made no sense."""
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            what = "has fallen silent" if isinstance(error, socket.timeout) else "ended in the middle of its work"
            raise GanfxError(f"The engine {what}", f"Its log: {self.state / 'serve.log'}", "gone") from error
        except (ValueError, LookupError, TypeError) as error:
            raise GanfxError("The engine and this plug-in differ in age", "Run: ganfx plugins install") from error

    def _listening(self) -> Any:
        """Where the engine listens, or None; a port that another program has by now is not taken for the engine's."""
        place = self._read("server.json")
        try:
            # A dead one's port is left alone; but asking ends a process on Windows, and a sandbox has its own numbers.
            if os.name != "nt" and not _FLATPAK.exists():
                os.kill(place["pid"], 0)
            with contextlib.closing(http.client.HTTPConnection(place["host"], place["port"], timeout=2)) as line:
                line.request("GET", "/v1/health", headers={"Authorization": "Bearer " + place["token"]})
                return place if json.loads(line.getresponse().read(_CHUNK))["pid"] == place["pid"] else None
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
            return None

    def _read(self, name: str) -> Any:
        with contextlib.suppress(OSError, ValueError):
            return json.loads((self.state / name).read_text(encoding="utf-8"))

    def _run(self, words: list[str], ready: Callable[[subprocess.Popen[bytes]], Any], told: Progress) -> Any:
        """Start the engine with `words`; what `ready` finds then. Raises GanfxError with the engine's own reason."""
        # Its complaints go to a file: a pipe that nobody reads fills up or breaks, and the engine outlives the host.
        with tempfile.TemporaryFile() as complaints:
            process, end = self._spawned(words, complaints), time.monotonic() + _START_S
            while not (found := ready(process)):
                status = process.poll()
                if status:
                    raise _gave_up(complaints)
                # Status 0: another one runs already, and may be about to listen.
                end = end if status is None else min(end, time.monotonic() + _GRACE_S)
                if time.monotonic() > end:
                    raise GanfxError("The engine does not answer", _BY_HAND)
                told(0.0)
                time.sleep(0.05)
            return found

    def _spawned(self, words: list[str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        added = {**self.environment, "GANFX_STATE": str(self.state)}
        own = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_HOST)} | added
        told = (f"--env={name}={value}" for name, value in added.items())
        outside = ["flatpak-spawn", "--host", f"--directory={self.state}", *told] if _FLATPAK.exists() else []
        command = [*outside, *self.command, *words]
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            # In its own folder, for Python takes modules from the current one, which may be anywhere.
            return subprocess.Popen(command, stderr=complaints, env=own, cwd=self.state, **_APART)
        except OSError as error:
            raise GanfxError("The engine is not where it was", "Run: ganfx plugins install") from error


def _asked(line: http.client.HTTPConnection, token: str, parts: list[bytes]) -> http.client.HTTPResponse:
    headers = {"Authorization": "Bearer " + token, "X-Ganfx-Client": str(os.getpid())}
    headers["Content-Length"] = str(sum(map(len, parts)))
    body = (memoryview(part)[at : at + _CHUNK] for part in parts for at in range(0, len(part), _CHUNK))
    # An engine that refuses may hang up before it has heard everything: what it says counts all the same.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ConnectionAbortedError):
        line.request("POST", "/v1/apply", body, headers)
    answer = line.getresponse()
    if answer.status != 200:
        said = json.loads(answer.read())["error"]
        raise GanfxError(said["message"], said.get("hint"), said["code"])
    return answer


def _gave_up(complaints: IO[bytes]) -> GanfxError:
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines() or ["it gives no reason"]
    said = dict(line.split(": ", 1) for line in lines if line.startswith(("error: ", "hint: ")))
    return GanfxError(f"The engine does not start: {said.get('error', lines[-1])}", said.get("hint", _BY_HAND))


def _native(text: str) -> str:
    """`text` as the system takes it, even where a host has told Python that file names are ASCII."""
    return os.fsdecode(text.encode())
