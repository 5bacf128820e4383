"""Programs of other users on this computer: what they may do to the port without the token, and slow clients with it.

After each test, the owner's request gets the right pixels within seconds.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from ganfx.server import connections
from plugins.client import Pixels
from tests.server.services import Service, request_body, serving, wait_until

PIXELS = bytes(range(48))
# An idle machine answers within 0.1 s.
SOON_S = 5.0
HALF_OPEN = 1100
HEAD = b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SMALL = {"filter": "stylize", "width": 4, "height": 4, "channels": 3, "depth": 8}


@pytest.fixture(autouse=True)
def _many_descriptors() -> Iterator[None]:
    """Lets this process hold both ends' worth of connections."""
    resource = pytest.importorskip("resource")  # not on Windows
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (-1, resource.RLIM_INFINITY) and hard < HALF_OPEN + 200:
        pytest.skip("too few descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, HALF_OPEN + 200), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Service]:
    """A service whose time limits are a second."""
    with serving(tmp_path_factory.mktemp("state"), models, hasty=True) as service:
        yield service


def connect(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.address["port"]), timeout=20)


def ask(service: Service) -> float:
    """The owner's request; returns the seconds that it took."""
    started = time.monotonic()
    result = service.client.apply("stylize", Pixels(4, 4, 3, 8, PIXELS), lambda share: None)
    assert result.data == bytes(255 - value for value in PIXELS)
    return time.monotonic() - started


def descriptors(service: Service) -> int:
    return psutil.Process(service.address["pid"]).num_fds()


@contextlib.contextmanager
def half_open(service: Service, sent: bytes, count: int = HALF_OPEN) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(contextlib.closing(connect(service))) for _ in range(count)]
        for one in opened:
            with contextlib.suppress(OSError):  # closed already, for others
                one.sendall(sent)
        yield opened


def is_closed(one: socket.socket) -> bool:
    one.settimeout(0.01)
    try:
        return not one.recv(1 << 16)
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    "sent", [b"", HEAD, b"POST /v1/apply HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n1"]
)
def test_many_half_open_connections_do_not_keep_the_owner_waiting(idle_service: Service, sent: bytes) -> None:
    before = descriptors(idle_service)
    with half_open(idle_service, sent):
        assert max(ask(idle_service) for _ in range(5)) < SOON_S
        assert descriptors(idle_service) - before <= connections.MOST_STRANGERS + 8
    wait_until(lambda: descriptors(idle_service) <= before + 8)


def test_a_stream_of_new_connections_does_not_keep_the_owner_waiting(idle_service: Service) -> None:
    end = time.monotonic() + 2

    def flood(_: int) -> int:
        opened: list[socket.socket] = []
        while time.monotonic() < end and len(opened) < 2000:
            opened.append(connect(idle_service))
            if len(opened) % 300 == 0:
                opened[len(opened) - 300].close()
        for one in opened:
            one.close()
        return len(opened)

    with ThreadPoolExecutor(1) as threads:
        flooding = threads.submit(flood, 0)
        times = []
        while not flooding.done():
            times.append(ask(idle_service))
        assert flooding.result() > 200
    assert max(times) < SOON_S


def test_connections_that_ask_nothing_are_closed_first(idle_service: Service) -> None:
    with contextlib.closing(idle_service.connect()) as known:
        known.request("GET", "/v1/health", headers=idle_service.headers)
        known.getresponse().read()
        with half_open(idle_service, HEAD, connections.MOST_STRANGERS + 50) as opened:
            wait_until(lambda: is_closed(opened[0]))
            assert not is_closed(opened[-1])
            known.request("GET", "/v1/health", headers=idle_service.headers)
            assert known.getresponse().status == 200


def drip(connection: socket.socket, started: float) -> None:
    """Send a byte now and then until the service ends the connection, which it has to do soon."""
    while not is_closed(connection):
        assert time.monotonic() - started < SOON_S
        with contextlib.suppress(OSError):
            connection.sendall(b"G")
        time.sleep(0.1)


def test_a_head_that_is_sent_byte_by_byte_times_out(hasty: Service) -> None:
    with connect(hasty) as slow:
        started = time.monotonic()
        drip(slow, started)
        assert time.monotonic() - started > 0.5
    assert ask(hasty) < SOON_S


def test_a_second_request_on_a_connection_has_no_more_time_than_the_first(hasty: Service) -> None:
    with connect(hasty) as slow:
        lines = [f"{name}: {value}" for name, value in hasty.headers.items()]
        head = "\r\n".join(["GET /v1/health HTTP/1.1", f"Host: 127.0.0.1:{hasty.address['port']}", *lines])
        slow.sendall(head.encode() + b"\r\n\r\n")
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        started = time.monotonic()
        drip(slow, started)


def post(service: Service, length: int, body: bytes) -> socket.socket:
    """A connection with a request of the owner's whose body is not complete."""
    address = service.address
    head = (
        f"POST /v1/apply HTTP/1.1\r\nHost: 127.0.0.1:{address['port']}\r\n"
        f"Authorization: Bearer {address['token']}\r\nContent-Length: {length}\r\n\r\n"
    )
    connection = connect(service)
    connection.sendall(head.encode() + body)
    return connection


def test_a_body_that_is_sent_byte_by_byte_times_out(hasty: Service) -> None:
    body = request_body(bytes(3 * 200 * 200), **SMALL | {"width": 200, "height": 200})
    with post(hasty, len(body), body[:200]) as slow:
        started = time.monotonic()
        while not is_closed(slow):
            assert time.monotonic() - started < SOON_S
            with contextlib.suppress(OSError):
                slow.sendall(b"\0")
            time.sleep(0.1)
    wait_until(lambda: hasty.health() | {"queued": 0, "busy": False} == hasty.health())
    assert ask(hasty) < SOON_S


def test_a_refused_body_that_never_ends_times_out(hasty: Service) -> None:
    with post(hasty, 10**6, struct.pack("<I", 2) + b"{}") as slow:
        started = time.monotonic()
        while not is_closed(slow):
            assert time.monotonic() - started < SOON_S
            with contextlib.suppress(OSError):
                slow.sendall(b"\0")
            time.sleep(0.1)


def test_an_answer_that_nobody_reads_is_dropped(hasty: Service) -> None:
    before = descriptors(hasty)
    side = 600  # 16 times as many pixels come back: more than the sockets hold
    body = request_body(bytes(3 * side * side), **SMALL | {"filter": "upscale", "width": side, "height": side})
    with post(hasty, len(body), body):
        wait_until(lambda: hasty.health()["busy"])
        wait_until(lambda: hasty.health() | {"queued": 0, "busy": False} == hasty.health(), 30)
        wait_until(lambda: descriptors(hasty) <= before, 10)
        assert ask(hasty) < SOON_S


def test_announced_bytes_take_no_memory_and_no_turn_before_they_come(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models, "--memory", 400) as service:
        ask(service)
        process = psutil.Process(service.address["pid"])
        before = process.memory_info().rss
        side = 8000
        body = request_body(b"", **SMALL | {"width": side, "height": side, "channels": 4, "depth": 32})
        with contextlib.ExitStack() as stack:
            for _ in range(30):
                stack.enter_context(post(service, len(body) + side * side * 16, body))
            time.sleep(0.3)
            assert ask(service) < SOON_S
            assert process.memory_info().rss - before < 50e6


@pytest.mark.parametrize("token", ["Bearer wrong", "", "Bearer " + "x" * 12_000])
def test_wrong_tokens_do_not_keep_the_owner_waiting(idle_service: Service, token: str) -> None:
    def guess(number: int) -> int:
        status: int = idle_service.request("GET", "/v1/health", headers={"Authorization": f"{token}{number}"})[0]
        return status

    with ThreadPoolExecutor(20) as threads:
        guesses = threads.map(guess, range(400))
        assert ask(idle_service) < SOON_S
        assert set(guesses) == {401}


def test_strangers_do_not_fill_the_log(idle_service: Service) -> None:
    log = idle_service.state / "serve.log"
    before = log.stat().st_size
    for _ in range(20):
        with connect(idle_service) as stranger:
            stranger.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
            while not is_closed(stranger):
                pass
    assert log.stat().st_size == before


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of descriptors")
def test_a_low_limit_of_open_files_is_enough(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models, descriptors=256) as service, half_open(service, HEAD, 600):
        assert max(ask(service) for _ in range(3)) < SOON_S
        assert "Too many open files" not in (tmp_path / "serve.log").read_text()


def test_the_answer_to_a_stranger_says_nothing_of_the_service(idle_service: Service) -> None:
    status, reply = idle_service.request("GET", "/v1/health", headers={})
    assert status == 401
    assert str(idle_service.address["pid"]) not in json.dumps(reply)
