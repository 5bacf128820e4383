"""Start and end of the service: one instance per user, which shuts down when idle."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from filelock import FileLock, Timeout

from ganfx.engine import EngineOptions
from ganfx.errors import ServerError
from ganfx.incidents import OneLineFormatter
from ganfx.memory import memory
from ganfx.private import PrivateLog, open_private
from ganfx.server.app import Service
from ganfx.server.connections import Connections, allowed_descriptors, limits_for
from ganfx.server.guard import Guard
from ganfx.server.jobs import JobQueue
from ganfx.server.registration import HOST, Registration
from ganfx.server.state_dir import ADDRESS, LOCK, LOG, private_dir, read_json, unusable
from ganfx.server.worker import Worker

# Max time to wait for another instance that is starting or ending.
_HANDOVER_S = 15.0
# Poll intervals, once it serves and while it starts.
_TICK_S, _START_TICK_S = 0.2, 0.01
# Connections that the system keeps until they are accepted.
_BACKLOG = 1024
_KEEP_ALIVE_S = 5
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
    memory_bytes: int = field(default_factory=lambda: memory().total_bytes // 4)
    max_megapixels: float = 100
    engine: EngineOptions = field(default_factory=EngineOptions)


def serve(
    folder: Path, settings: ServerSettings, print_line: Callable[[str], None], should_stop: Callable[[], bool]
) -> None:
    """Run the service with the state folder `folder` until it is idle, gets a signal, or `should_stop()` is true.

    Returns at once if an instance is running already. `print_line` is called with a line for the user on start and
    end. Raises ServerError.
    """
    lock = _make_lock(private_dir(folder))
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


def _make_lock(folder: Path) -> FileLock:
    try:
        os.close(open_private(folder / LOCK, os.O_WRONLY | os.O_CREAT))
    except OSError as error:
        raise unusable(folder, error) from error
    return FileLock(folder / LOCK, mode=0o600)


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
        port = listener.getsockname()[1]
        jobs = JobQueue(settings.memory_bytes // 4)
        worker = Worker(jobs, settings.engine, settings.memory_bytes)
        worker.start()
        service = Service(jobs, settings.max_megapixels, folder, settings.engine)
        registration = Registration(folder, port, service, settings.idle_s)
        connections = Connections(limits_for(allowed_descriptors()))
        guard = Guard(service.app, registration.token, port, service.page.sessions)
        server = uvicorn.Server(_uvicorn_config(guard, connections))
        try:
            # The socket listens already: early connections wait in its backlog.
            registration.publish()
            print_line(f"listening on http://{HOST}:{port}; the token is in {registration.path}")
            asyncio.run(_serve_until_stopped(server, listener, registration, should_stop))
        finally:
            registration.withdraw()
            jobs.shut_down()
            service.machine.watches.end()
            worker.join(_HANDOVER_S / 2)
            service.page.sitting.clear()
        _log.info("ended")
        print_line("ended")


def _uvicorn_config(app: Any, connections: Connections) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=connections.protocol(),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=connections.limits.at_once,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
    )


async def _serve_until_stopped(
    server: uvicorn.Server, listener: socket.socket, registration: Registration, should_stop: Callable[[], bool]
) -> None:
    serving = asyncio.create_task(server.serve([listener]))
    while not (server.started or serving.done()):
        await asyncio.sleep(_START_TICK_S)
    # asyncio has set the system's backlog to the number of connections that it accepts in one go.
    listener.listen(_BACKLOG)
    while not (server.should_exit or serving.done()):
        await asyncio.sleep(_TICK_S)
        server.should_exit |= should_stop() or not registration.restore() or await registration.withdraw_if_idle()
    registration.withdraw()
    registration.service.jobs.shut_down()
    await serving


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
        handler = PrivateLog(path, "a", _LOG_BYTES, _LOG_COUNT, encoding="utf-8")
    except OSError as error:
        raise unusable(path.parent, error) from error
    handler.setFormatter(OneLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # Its warnings are about what strangers send, and would let them fill the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    # It tells each step of each picture.
    logging.getLogger("pyvips").setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
