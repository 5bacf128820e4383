"""A server of models that does its work well, or ill in some way."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(250)) * 401
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `content`, well or ill as the first word of the path says; keeps what was asked for."""

    content = CONTENT
    tag = '"one"'
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str] = []
        self.paths: list[str] = []
        self.tunnels: list[str] = []
        self.barrier = threading.Barrier(2)

    @property
    def requests(self) -> int:
        return len(self.ranges)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients go away here, on purpose."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers.get("Range", ""))
        self.server.paths.append(self.path)
        self.close_connection = True
        kind = self.path.strip("/").partition("/")[0].partition(".")[0]
        getattr(self, f"serve_{kind}", self.serve_well)()

    def do_CONNECT(self) -> None:
        """As a proxy that lets nobody through."""
        self.server.tunnels.append(self.path)
        self.close_connection = True
        self.start(403, 0)

    def start(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Connection", "close")
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def serve_well(self, share: float = 1.0) -> None:
        """The rest of the content, or `share` of it; the whole of it where it is another by now."""
        content, asked = self.server.content, self.headers.get("Range")
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if self.headers.get("If-Range", self.server.tag) != self.server.tag:
            begin, asked = 0, None
        rest = content[begin:]
        if asked:
            where = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            self.start(206, len(rest), Content_Range=where, ETag=self.server.tag)
        else:
            self.start(200, len(rest), ETag=self.server.tag)
        self.wfile.write(rest[: max(1, int(len(rest) * share))])

    def serve_halves(self) -> None:
        self.serve_well(0.5)

    def serve_together(self) -> None:
        """Nothing, until two have asked."""
        self.server.barrier.wait(10)
        self.serve_well()

    def serve_deaf(self) -> None:
        """All of it, whatever was asked for; the first time half of it."""
        self.start(200, len(self.server.content))
        share = 2 if self.server.requests == 1 else 1
        self.wfile.write(self.server.content[: len(self.server.content) // share])

    def serve_changing(self) -> None:
        """Half of one file, and then of another."""
        self.serve_well(0.5 if self.server.requests == 1 else 1)
        self.server.content, self.server.tag = CONTENT, '"two"'

    def serve_cut(self) -> None:
        self.start(200, len(self.server.content))
        self.wfile.write(self.server.content[:1000])

    def serve_missing(self) -> None:
        self.start(404, 0)

    def serve_busy(self) -> None:
        if self.server.requests <= 2:
            self.start(503, 0, Retry_After="0")
        else:
            self.serve_well()

    def serve_long(self) -> None:
        self.start(200, 10**12)

    def serve_short(self) -> None:
        self.start(200, 3)
        self.wfile.write(b"abc")

    def serve_endless(self) -> None:
        self.start(200, None, Transfer_Encoding="chunked")
        while True:
            self.wfile.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")

    def serve_unmeasured(self) -> None:
        """Until the connection ends, and twice as much as there is."""
        self.start(200, None)
        self.wfile.write(self.server.content * 2)

    def serve_silent(self) -> None:
        time.sleep(30)

    def serve_drip(self) -> None:
        self.start(200, len(self.server.content))
        for number in range(100):
            self.wfile.write(self.server.content[number : number + 1])
            time.sleep(0.2)

    def serve_pausing(self) -> None:
        """Half of it, and then nothing for long."""
        self.start(200, len(self.server.content))
        self.wfile.write(self.server.content[: len(self.server.content) // 2])
        time.sleep(5)

    def serve_dripping(self) -> None:
        """Headers without an end."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Much: ")
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.2)

    def serve_noise(self) -> None:
        self.wfile.write(bytes(range(256)) * 50)

    def serve_packed(self) -> None:
        packed = gzip.compress(bytes(1 << 20))
        self.start(200, len(packed), Content_Encoding="gzip")
        self.wfile.write(packed)

    def serve_elsewhere(self) -> None:
        """Another part than the one asked for."""
        self.start(206, 10, Content_Range="bytes 5-14/15")
        self.wfile.write(bytes(10))

    def serve_moved(self) -> None:
        self.start(302, 0, Location="/net.pth")

    def serve_circle(self) -> None:
        self.start(302, 0, Location=self.path)

    def serve_to(self) -> None:
        self.start(302, 0, Location=self.path.removeprefix("/to/"))

    def log_message(self, format: str, *args: object) -> None:
        pass
