"""An engine that does nothing but talk as the real one does, or as a broken one would.

    python fake_engine.py BEHAVIOUR serve | plugins describe

Its folder is GANFX_STATE. Standard library alone, as what starts it may have spoilt the environment.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "secret"
_MODELS = [{"name": "photo-x4", "title": "Photo x4", "scale": 4}]
FILTERS = [{"name": "upscale", "title": "Upscale", "help": "", "mask": "none", "models": _MODELS, "controls": []}]


class FakeEngine(ThreadingHTTPServer):
    """Listens on a free port, says so in `state`, and answers pictures as `behaviour` has it."""

    def __init__(self, state: Path, behaviour: Callable[[Handler], None], pid: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state, self.behaviour, self.pid = state, behaviour, pid or os.getpid()
        self.headers: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.hung_up = threading.Event()
        place = {"host": "127.0.0.1", "port": self.server_port, "token": TOKEN, "pid": self.pid, "version": "0"}
        part = state / ".server.json.part"
        part.write_text(json.dumps(place))
        part.replace(state / "server.json")


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: FakeEngine

    def log_message(self, *words: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.tokens.append(self.headers["Authorization"])
        body = json.dumps({"pid": self.server.pid, "version": "0", "queued": 0, "busy": False}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.close_connection = True
        try:
            self.server.behaviour(self)
        except OSError:
            self.server.hung_up.set()

    def take(self) -> tuple[dict[str, Any], bytes]:
        """The header and what follows it."""
        length = int.from_bytes(self.rfile.read(4), "little")
        header = json.loads(self.rfile.read(length))
        self.server.headers.append(header)
        return header, self.rfile.read(int(self.headers["Content-Length"]) - 4 - length)

    def begin(self) -> None:
        """Say that an answer comes, piece by piece."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()

    def say(self, event: str, rows: bytes = b"", **more: Any) -> None:
        """One message, with the rows that follow it."""
        text = json.dumps({"event": event, **more}).encode()
        self.piece(len(text).to_bytes(4, "little") + text + rows)

    def piece(self, data: bytes) -> None:
        """So much of the answer."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def refuse(self, status: int, **said: Any) -> None:
        """An answer instead of a picture."""
        body = json.dumps({"error": said}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def mirror(handler: Handler) -> None:
    """Give back what was sent, in two pieces, and tell how far it is."""
    header, pixels = handler.take()
    size = header["width"] * header["height"] * header["channels"] * header["depth"] // 8
    half = size // 2
    handler.begin()
    handler.say("queued", ahead=1)
    handler.say("started", **{key: header[key] for key in ("width", "height", "channels", "depth")})
    handler.say("progress", share=0.25)
    handler.say("rows", pixels[:half], bytes=half, share=0.5)
    handler.say("rows", pixels[half:size], bytes=size - half, share=1.0)
    handler.say("done")
    handler.piece(b"")


def never_done(handler: Handler) -> None:
    """Report progress until the other side hangs up."""
    handler.take()
    handler.begin()
    while True:
        handler.say("progress", share=0.5)
        time.sleep(0.05)


def killed(handler: Handler) -> None:
    """End at once, with the picture half sent."""
    header, pixels = handler.take()
    handler.begin()
    handler.say("started", **{key: header[key] for key in ("width", "height", "channels", "depth")})
    handler.say("rows", pixels[:10], bytes=10, share=0.1)
    os._exit(9)


def _serve(state: Path, behaviour: str) -> None:
    (state / "started.json").write_text(json.dumps({"environment": dict(os.environ), "cwd": os.getcwd()}))
    if behaviour == "dies":
        sys.exit("warning: something else\nerror: no model is installed\nhint: import one")
    if behaviour == "crashes":
        raise RuntimeError("a bug")
    if behaviour == "leaves":
        return
    if behaviour == "talks":
        sys.stderr.write("x" * 1_000_000)
        sys.stderr.flush()
    FakeEngine(state, killed if behaviour == "killed" else mirror).serve_forever()


def _main() -> None:
    behaviour, *words = sys.argv[1:]
    state = Path(os.environ["GANFX_STATE"])
    if words == ["serve"]:
        _serve(state, behaviour)
    elif behaviour == "dies":
        sys.exit("error: the models are gone")
    else:
        schema = {"version": "0", "made": time.time(), "watched": [str(state / "models")], "filters": FILTERS}
        (state / "filters.json").write_text(json.dumps(schema))


if __name__ == "__main__":
    _main()
