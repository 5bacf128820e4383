"""A fake service that speaks the protocol and returns pictures unchanged, or fails in a chosen way.

    python fake_service.py BEHAVIOR serve | plugins describe

The state folder is GANFX_STATE. Standard library only: the environment it is started in may be broken.
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


class FakeService(ThreadingHTTPServer):
    """Listens on a free port, writes server.json to `state`, and passes requests to `behavior`."""

    def __init__(self, state: Path, behavior: Callable[[Handler], None], pid: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state, self.behavior, self.pid = state, behavior, pid or os.getpid()
        # Headers of the pictures received, tokens of the health requests, and whether a client disconnected.
        self.headers: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.disconnected = threading.Event()
        address = {"host": "127.0.0.1", "port": self.server_port, "token": TOKEN, "pid": self.pid, "version": "0"}
        part = state / ".server.json.part"
        part.write_text(json.dumps(address))
        part.replace(state / "server.json")


class Handler(BaseHTTPRequestHandler):
    """Handles one request."""

    protocol_version = "HTTP/1.1"
    server: FakeService

    def log_message(self, *words: Any) -> None:
        """Log nothing."""

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
            self.server.behavior(self)
        except OSError:
            self.server.disconnected.set()

    def read_request(self) -> tuple[dict[str, Any], bytes]:
        """The JSON header, and the bytes after it."""
        length = int.from_bytes(self.rfile.read(4), "little")
        header = json.loads(self.rfile.read(length))
        self.server.headers.append(header)
        return header, self.rfile.read(int(self.headers["Content-Length"]) - 4 - length)

    def start_response(self) -> None:
        """Send the head of a chunked response."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()

    def send_message(self, event: str, rows: bytes = b"", **more: Any) -> None:
        """Send a message and the pixels that follow it."""
        text = json.dumps({"event": event, **more}).encode()
        self.send_chunk(len(text).to_bytes(4, "little") + text + rows)

    def send_chunk(self, data: bytes) -> None:
        """Send bytes as one HTTP chunk."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def refuse(self, status: int, **fields: Any) -> None:
        """Send an error response."""
        body = json.dumps({"error": fields}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def mirror(handler: Handler) -> None:
    """Return the picture in two parts, with progress."""
    header, pixels = handler.read_request()
    size = header["width"] * header["height"] * header["channels"] * header["depth"] // 8
    half = size // 2
    handler.start_response()
    handler.send_message("queued", ahead=1)
    handler.send_message("started", **{key: header[key] for key in ("width", "height", "channels", "depth")})
    handler.send_message("progress", share=0.25)
    handler.send_message("rows", pixels[:half], bytes=half, share=0.5)
    handler.send_message("rows", pixels[half:size], bytes=size - half, share=1.0)
    handler.send_message("done")
    handler.send_chunk(b"")


def never_done(handler: Handler) -> None:
    """Report progress until the client disconnects."""
    handler.read_request()
    handler.start_response()
    while True:
        handler.send_message("progress", share=0.5)
        time.sleep(0.05)


def killed(handler: Handler) -> None:
    """Exit in the middle of the picture."""
    header, pixels = handler.read_request()
    handler.start_response()
    handler.send_message("started", **{key: header[key] for key in ("width", "height", "channels", "depth")})
    handler.send_message("rows", pixels[:10], bytes=10, share=0.1)
    os._exit(9)


def _serve(state: Path, behavior: str) -> None:
    (state / "started.json").write_text(json.dumps({"environment": dict(os.environ), "cwd": os.getcwd()}))
    if behavior == "dies":
        sys.exit("warning: something else\nerror: no model is installed\nhint: import one")
    if behavior == "crashes":
        raise RuntimeError("a bug")
    if behavior == "leaves":
        return
    if behavior == "talks":
        sys.stderr.write("x" * 1_000_000)
        sys.stderr.flush()
    FakeService(state, killed if behavior == "killed" else mirror).serve_forever()


def _main() -> None:
    behavior, *words = sys.argv[1:]
    state = Path(os.environ["GANFX_STATE"])
    if words == ["serve"]:
        _serve(state, behavior)
    elif behavior == "dies":
        sys.exit("error: the models are gone")
    else:
        schema = {"version": "0", "made": time.time(), "watched": [str(state / "models")], "filters": FILTERS}
        (state / "filters.json").write_text(json.dumps(schema))


if __name__ == "__main__":
    _main()
