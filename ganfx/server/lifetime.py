"""Start and end of the service: one instance per user, which shuts down when idle."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import logging.handlers
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import uvicorn
from filelock import FileLock, Timeout

from ganfx import __version__
from ganfx.engine import EngineOptions
from ganfx.errors import ServerError
from ganfx.server.app import Service
from ganfx.server.guard import Guard
from ganfx.server.jobs import JobQueue
from ganfx.server.state_dir import ADDRESS, LOCK, LOG, private_dir, read_json, unusable, write_private
from ganfx.server.worker import Worker

HOST = "127.0.0.1"
# Max time to wait for another instance that is starting or ending.
_HANDOVER_S = 15.0
# Poll interval, and the delay between removing the address file and shutting down.
_TICK_S, _GRACE_S = 0.2, 1.0
_BACKLOG = 256
_LOG_BYTES, _LOG_COUNT = 1 << 20, 2
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerSettings:
    """Settings of the service.

    port             TCP port; 0: any free one
    idle_s           seconds without use until it ends; 0: never
    memory_bytes     resident memory beyond which open networks are closed; a quarter of it may hold request bodies
    max_megapixels   largest picture accepted
    engine           device and precision that the networks run with
    """

    port: int = 0
    idle_s: float = 600
    memory_bytes: int = field(default_factory=lambda: psutil.virtual_memory().total // 4)
    max_megapixels: float = 100
    engine: EngineOptions = field(default_factory=EngineOptions)


def serve(
    folder: Path, settings: ServerSettings, print_line: Callable[[str], None], should_stop: Callable[[], bool]
) -> None:
    """Run the service with the state folder `folder` until it is idle, gets a signal, or `should_stop()` is true.

    Returns at once if an instance is running already. `print_line` is called with a line for the user on start and
    end. Raises ServerError.
    """
    lock = FileLock(private_dir(folder) / LOCK)
    deadline = time.monotonic() + _HANDOVER_S
    while not _try_lock(lock, folder):
        address = read_json(folder / ADDRESS)
        if _is_alive(address):
            print_line(f"it runs already, on http://{HOST}:{address['port']}, as process {address['pid']}")
            return
        if time.monotonic() > deadline:
            raise ServerError("another service holds the lock and does not answer", hint=f"see {folder / LOG}")
        if should_stop():
            return
    try:
        _run(folder, settings, print_line, should_stop)
    finally:
        lock.release()


def _try_lock(lock: FileLock, folder: Path) -> bool:
    try:
        lock.acquire(timeout=_TICK_S)
    except Timeout:
        return False
    except OSError as error:
        raise unusable(folder, error) from error
    return True


def _is_alive(address: Any) -> bool:
    """Whether a service answers at `address`, the content of the address file, and accepts its token."""
    try:
        connection = http.client.HTTPConnection(HOST, address["port"], timeout=2)
        with contextlib.closing(connection):
            connection.request("GET", "/v1/health", headers={"Authorization": f"Bearer {address['token']}"})
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException, TypeError, KeyError):
        return False


def _run(
    folder: Path, settings: ServerSettings, print_line: Callable[[str], None], should_stop: Callable[[], bool]
) -> None:
    with _log_to(folder / LOG), _bind(settings.port) as listener:
        port, token = listener.getsockname()[1], secrets.token_urlsafe(32)
        address = {"host": HOST, "port": port, "token": token, "pid": os.getpid(), "version": __version__}
        jobs = JobQueue(settings.memory_bytes // 4)
        worker = Worker(jobs, settings.engine, settings.memory_bytes)
        worker.start()
        service = Service(jobs, settings.max_megapixels)
        registration = _Registration(folder / ADDRESS, address, service, settings.idle_s)
        server = uvicorn.Server(_uvicorn_config(Guard(service.app, token, port)))
        try:
            # The socket listens already: early connections wait in its backlog.
            registration.publish()
            print_line(f"listening on http://{HOST}:{port}; the token is in {folder / ADDRESS}")
            asyncio.run(_serve_until_stopped(server, listener, registration, should_stop))
        finally:
            registration.withdraw()
            jobs.shut_down()
            worker.join(_HANDOVER_S / 2)
        _log.info("ended")
        print_line("ended")


def _uvicorn_config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )


async def _serve_until_stopped(
    server: uvicorn.Server, listener: socket.socket, registration: _Registration, should_stop: Callable[[], bool]
) -> None:
    serving = asyncio.create_task(server.serve([listener]))
    while not (server.should_exit or serving.done()):
        await asyncio.sleep(_TICK_S)
        server.should_exit |= should_stop() or await registration.withdraw_if_idle()
    registration.withdraw()
    registration.service.jobs.shut_down()
    await serving


class _Registration:
    """The address file by which clients find the service; it is removed before the service shuts down."""

    def __init__(self, path: Path, address: dict[str, Any], service: Service, idle_s: float) -> None:
        self._path, self._address, self.service, self._idle_s = path, address, service, idle_s

    async def withdraw_if_idle(self) -> bool:
        """Whether to shut down: the service was idle for idle_s, and stays so after the address file is removed."""
        if not self._is_idle:
            return False
        self.withdraw()
        # A client may have read the address just before.
        await asyncio.sleep(_GRACE_S)
        if self._is_idle:
            return True
        self.publish()
        return False

    @property
    def _is_idle(self) -> bool:
        unused_s = time.monotonic() - self.service.last_used
        return bool(self._idle_s) and self.service.jobs.is_idle and unused_s > self._idle_s

    def publish(self) -> None:
        """Write the address file. Raises ServerError."""
        write_private(self._path, self._address)
        _log.info("listening on port %d, process %d, version %s", self._address["port"], os.getpid(), __version__)

    def withdraw(self) -> None:
        """Remove the address file."""
        with contextlib.suppress(OSError):
            self._path.unlink()


def _bind(port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only on sockets with an explicit protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # reuse a port in TIME_WAIT
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServerError(f"port {port} cannot be had: {error.strerror}", hint="leave --port out") from error
    return listener


@contextlib.contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Log to `path`, rotated at _LOG_BYTES with _LOG_COUNT older files."""
    try:
        handler = logging.handlers.RotatingFileHandler(path, "a", _LOG_BYTES, _LOG_COUNT, encoding="utf-8")
    except OSError as error:
        raise unusable(path.parent, error) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
