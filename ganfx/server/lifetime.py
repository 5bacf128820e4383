"""The service from its first moment to its last: one at a time for each user, ended when nobody needs it."""

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
from ganfx.server.jobs import Jobs
from ganfx.server.state_dir import ADDRESS, LOCK, LOG, private_dir, read_json, unusable, write_private
from ganfx.server.worker import Worker

HOST = "127.0.0.1"
# How long one service may take to begin or to end before the next gives up on it.
_HANDOVER_S = 15.0
_TICK_S, _GRACE_S = 0.2, 1.0
_BACKLOG = 256
_LOG_BYTES, _LOGS_KEPT = 1 << 20, 2
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerSettings:
    """How the service behaves: port 0 is any free one, idle_s 0 never ends it, memory_bytes is what it may keep."""

    port: int = 0
    idle_s: float = 600
    memory_bytes: int = field(default_factory=lambda: psutil.virtual_memory().total // 4)
    max_megapixels: float = 100
    engine: EngineOptions = field(default_factory=EngineOptions)


def serve(folder: Path, rules: ServerSettings, told: Callable[[str], None], is_over: Callable[[], bool]) -> None:
    """Run the service, which is found through `folder`, until it is idle, or told to end by a signal or `is_over`.

    Returns at once where one runs already. `told` hears a line when it listens, and when it ends. Raises ServerError.
    """
    lock = FileLock(private_dir(folder) / LOCK)
    end = time.monotonic() + _HANDOVER_S
    while not _held(lock, folder):
        address = read_json(folder / ADDRESS)
        if _answers(address):
            told(f"it runs already, on http://{HOST}:{address['port']}, as process {address['pid']}")
            return
        if time.monotonic() > end:
            raise ServerError("another service holds the lock and does not answer", hint=f"see {folder / LOG}")
        if is_over():
            return
    try:
        _run(folder, rules, told, is_over)
    finally:
        lock.release()


def _held(lock: FileLock, folder: Path) -> bool:
    """Whether this process has `lock`, tried for a moment."""
    try:
        lock.acquire(timeout=_TICK_S)
    except Timeout:
        return False
    except OSError as error:
        raise unusable(folder, error) from error
    return True


def _answers(address: Any) -> bool:
    """Whether a service of ours is at `address`."""
    try:
        connection = http.client.HTTPConnection(HOST, address["port"], timeout=2)
        with contextlib.closing(connection):
            connection.request("GET", "/v1/health", headers={"Authorization": f"Bearer {address['token']}"})
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException, TypeError, KeyError):
        return False


def _run(folder: Path, rules: ServerSettings, told: Callable[[str], None], is_over: Callable[[], bool]) -> None:
    with _logging(folder / LOG), _listening(rules.port) as listener:
        port, token = listener.getsockname()[1], secrets.token_urlsafe(32)
        address = {"host": HOST, "port": port, "token": token, "pid": os.getpid(), "version": __version__}
        jobs = Jobs(rules.memory_bytes // 4)
        worker = Worker(jobs, rules.engine, rules.memory_bytes)
        worker.start()
        service = Service(jobs, rules.max_megapixels)
        presence = _Presence(folder / ADDRESS, address, service, rules.idle_s)
        server = uvicorn.Server(_settings(Guard(service.app, token, port)))
        try:
            # Who comes before the server takes the first call is kept waiting by the system.
            presence.announce()
            told(f"listening on http://{HOST}:{port}; the token is in {folder / ADDRESS}")
            asyncio.run(_until_over(server, listener, presence, is_over))
        finally:
            presence.withdraw()
            jobs.end()
            worker.join(_HANDOVER_S / 2)
        _log.info("ended")
        told("ended")


def _settings(app: Any) -> uvicorn.Config:
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


async def _until_over(
    server: uvicorn.Server, listener: socket.socket, presence: _Presence, is_over: Callable[[], bool]
) -> None:
    serving = asyncio.create_task(server.serve([listener]))
    while not (server.should_exit or serving.done()):
        await asyncio.sleep(_TICK_S)
        server.should_exit |= is_over() or await presence.ends()
    presence.withdraw()
    presence.service.jobs.end()
    await serving


class _Presence:
    """The file by which the service is found, kept while it may be asked for something."""

    def __init__(self, path: Path, address: dict[str, Any], service: Service, idle_s: float) -> None:
        self._path, self._address, self.service, self._idle_s = path, address, service, idle_s

    async def ends(self) -> bool:
        """Whether it is over, nobody having asked for anything for so long."""
        if not self._is_idle:
            return False
        self.withdraw()
        # Who has just read where the service is must not find it gone.
        await asyncio.sleep(_GRACE_S)
        if self._is_idle:
            return True
        self.announce()
        return False

    @property
    def _is_idle(self) -> bool:
        unused_s = time.monotonic() - self.service.used
        return bool(self._idle_s) and self.service.jobs.idle and unused_s > self._idle_s

    def announce(self) -> None:
        """Be found. Raises ServerError."""
        write_private(self._path, self._address)
        _log.info("listening on port %d, process %d, version %s", self._address["port"], os.getpid(), __version__)

    def withdraw(self) -> None:
        """Be found no more."""
        with contextlib.suppress(OSError):
            self._path.unlink()


def _listening(port: int) -> socket.socket:
    # With its protocol named, as asyncio wants it to send small messages at once.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # a port that was ours until now is ours again
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServerError(f"port {port} cannot be had: {error.strerror}", hint="leave --port out") from error
    return listener


@contextlib.contextmanager
def _logging(path: Path) -> Iterator[None]:
    """Have all that is logged written to `path`, and older files beside it."""
    try:
        handler = logging.handlers.RotatingFileHandler(path, "a", _LOG_BYTES, _LOGS_KEPT, encoding="utf-8")
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
