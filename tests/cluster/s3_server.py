"""A server that speaks S3 on loopback, and can be made slow, or to answer that it is busy."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class Faults:
    """Between the clients and the server: `busy` is the share of requests that get 503, `slow_s` a delay of each.

    requests: method and path of all that came.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app, self._random = app, random.Random(0)
        self.busy, self.slow_s = 0.0, 0.0
        self.requests: list[tuple[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        time.sleep(self.slow_s)
        if self._random.random() < self.busy:
            body = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>"
            start_response("503 Slow Down", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]
        return self._app(environ, start_response)


@contextmanager
def s3_server() -> Iterator[tuple[str, Faults]]:
    """The address of a server, and its faults."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    faults = Faults(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faults, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", faults
    finally:
        server.shutdown()
        thread.join()
