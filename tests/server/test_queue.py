"""Many requests at once: all are answered, clients take turns, and a client that leaves frees its place."""

from __future__ import annotations

import contextlib
import http.client
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from plugins.client import Pixels, ServiceError
from tests.server.services import Service, request_body, serving, wait_until

SLOW = {"filter": "upscale", "model": "slow", "width": 512, "height": 512, "channels": 3, "depth": 8}
SMALL = {"filter": "upscale", "width": 8, "height": 8, "channels": 3, "depth": 8}
# Ten times what an idle machine needs, and far less than the slow network takes.
SOON_S = 8.0


@contextlib.contextmanager
def working(service: Service) -> Iterator[http.client.HTTPConnection]:
    """A connection whose request the slow network is running."""
    with contextlib.closing(service.connect()) as connection:
        connection.request("POST", "/v1/apply", request_body(bytes(512 * 512 * 3), **SLOW), service.headers)
        response = connection.getresponse()
        wait_until(lambda: b"started" in response.read1())
        time.sleep(0.5)  # by now it is between two layers
        yield connection


def is_idle(service: Service) -> bool:
    health = service.health()
    return not health["busy"] and not health["queued"]


def test_a_hundred_requests_at_once_get_the_right_pixels(idle_service: Service) -> None:
    def one(number: int) -> bool:
        raw = np.random.default_rng(number).integers(0, 256, (20, 30, 3), np.uint8)
        result = idle_service.client.apply("upscale", Pixels(30, 20, 3, 8, raw.tobytes()), lambda share: None)
        return result.data == raw.repeat(4, axis=0).repeat(4, axis=1).tobytes()

    with ThreadPoolExecutor(100) as threads:
        assert all(threads.map(one, range(100)))
    wait_until(lambda: is_idle(idle_service))


def test_requests_beyond_the_memory_limit_are_refused_and_take_no_memory(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models, "--memory", 40) as service:
        raw = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)

        def one(number: int) -> str:
            try:
                result = service.client.apply("stylize", Pixels(1000, 1000, 3, 8, raw.tobytes()), lambda share: None)
            except ServiceError as error:
                return error.code
            assert result.data == (255 - raw).tobytes()
            return "done"

        assert one(0) == "done"
        process = psutil.Process(service.address["pid"])
        before = process.memory_info().rss
        with ThreadPoolExecutor(60) as threads:
            ends = Counter(threads.map(one, range(60)))
        assert set(ends) == {"done", "busy"}
        assert process.memory_info().rss - before < 120e6
        assert one(0) == "done"


def test_a_client_is_not_behind_all_that_another_asked_for(idle_service: Service) -> None:
    positions: dict[str, list[int]] = {"greedy": [], "other": []}

    def ask(client: str) -> None:
        messages = idle_service.apply(request_body(bytes(192), **SMALL), client)
        positions[client] += [message["ahead"] for message in messages if message["event"] == "queued"]

    threads = []
    with working(idle_service):
        for number, client in enumerate(["greedy", "greedy", "greedy", "other"], 1):
            threads.append(threading.Thread(target=ask, args=(client,)))
            threads[-1].start()
            wait_until(lambda waiting=number: idle_service.health()["queued"] == waiting)
        time.sleep(0.6)
    for thread in threads:
        thread.join()
    assert max(positions["greedy"]) > 2
    # The one that runs, and the first of the other client's.
    assert max(positions["other"]) == 2


def test_a_waiting_client_is_told_its_position(idle_service: Service) -> None:
    positions: list[list[int]] = []

    def ask() -> None:
        messages = idle_service.apply(request_body(bytes(192), **SMALL), "patient")
        positions.append([message["ahead"] for message in messages if message["event"] == "queued"])

    with working(idle_service):
        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(lambda: idle_service.health()["queued"] == 1)
        time.sleep(0.6)
    thread.join()
    assert positions[0][0] == 1


def disconnect(service: Service) -> None:
    with working(service):
        pass


def raise_from_progress(service: Service) -> None:
    def report(share: float) -> None:
        if service.health()["busy"]:
            time.sleep(0.5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.client.apply("upscale", Pixels(512, 512, 3, 8, bytes(512 * 512 * 3)), report, model="slow")


def be_killed(service: Service) -> None:
    script = (
        "import sys; from pathlib import Path; from plugins.client import *\n"
        f"client = ServiceClient(('false',), Path({str(service.state)!r}))\n"
        "client.apply('upscale', Pixels(512, 512, 3, 8, bytes(512 * 512 * 3)), lambda share: None, model='slow')"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    wait_until(lambda: service.health()["busy"])
    time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("leave", [disconnect, raise_from_progress, be_killed])
def test_a_client_that_leaves_frees_the_engine(idle_service: Service, leave: Callable[[Service], None]) -> None:
    leave(idle_service)
    left = time.monotonic()
    wait_until(lambda: is_idle(idle_service))
    assert time.monotonic() - left < SOON_S


def test_a_client_that_leaves_the_queue_is_removed_from_it(idle_service: Service) -> None:
    with working(idle_service):
        with contextlib.closing(idle_service.connect()) as connection:
            connection.request("POST", "/v1/apply", request_body(bytes(192), **SMALL), idle_service.headers)
            connection.getresponse()
            assert idle_service.health()["queued"] == 1
        wait_until(lambda: idle_service.health()["queued"] == 0)
        assert idle_service.health()["busy"]
