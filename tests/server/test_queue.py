"""Many at once: all are answered, each program in its turn, and who leaves is in nobody's way."""

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

from plugins.client import GanfxError, Pixels
from tests.server.services import Service, asked, serving, until

SLOW = {"filter": "upscale", "model": "slow", "width": 512, "height": 512, "channels": 3, "depth": 8}
SMALL = {"filter": "upscale", "width": 8, "height": 8, "channels": 3, "depth": 8}
# On an idle machine it is a tenth of this; the slow network would take far longer.
SOON_S = 8.0


@contextlib.contextmanager
def working(service: Service) -> Iterator[http.client.HTTPConnection]:
    """A connection for which the slow network is at work."""
    with contextlib.closing(service.line()) as line:
        line.request("POST", "/v1/apply", asked(bytes(512 * 512 * 3), **SLOW), service.headers)
        answer = line.getresponse()
        until(lambda: b"started" in answer.read1())
        time.sleep(0.5)  # from then on it is in the middle of its layers
        yield line


def is_free(service: Service) -> bool:
    said = service.health()
    return not said["busy"] and not said["queued"]


def test_a_hundred_at_once_are_all_answered_rightly(free: Service) -> None:
    def one(number: int) -> bool:
        raw = np.random.default_rng(number).integers(0, 256, (20, 30, 3), np.uint8)
        made = free.engine.apply("upscale", Pixels(30, 20, 3, 8, raw.tobytes()), lambda share: None)
        return made.data == raw.repeat(4, axis=0).repeat(4, axis=1).tobytes()

    with ThreadPoolExecutor(100) as threads:
        assert all(threads.map(one, range(100)))
    assert is_free(free)


def test_more_than_there_is_room_for_is_refused_and_takes_no_memory(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models, "--memory", 40) as service:
        raw = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)

        def one(number: int) -> str:
            try:
                made = service.engine.apply("stylize", Pixels(1000, 1000, 3, 8, raw.tobytes()), lambda share: None)
            except GanfxError as error:
                return error.code
            assert made.data == (255 - raw).tobytes()
            return "done"

        assert one(0) == "done"
        process = psutil.Process(service.address["pid"])
        before = process.memory_info().rss
        with ThreadPoolExecutor(60) as threads:
            ends = Counter(threads.map(one, range(60)))
        assert set(ends) == {"done", "busy"}
        assert process.memory_info().rss - before < 120e6
        assert one(0) == "done"


def test_each_program_has_its_turn(free: Service) -> None:
    order: list[str] = []

    def ask(client: str) -> None:
        free.apply(asked(bytes(192), **SMALL), client)
        order.append(client)

    threads = []
    with working(free):
        for number, client in enumerate(["greedy", "greedy", "greedy", "other"], 1):
            threads.append(threading.Thread(target=ask, args=(client,)))
            threads[-1].start()
            until(lambda waiting=number: free.health()["queued"] == waiting)
    for thread in threads:
        thread.join()
    assert order.index("other") < 2


def test_who_waits_hears_how_many_are_ahead(free: Service) -> None:
    heard: list[list[int]] = []

    def ask() -> None:
        said = free.apply(asked(bytes(192), **SMALL), "patient")
        heard.append([message["ahead"] for message in said if message["event"] == "queued"])

    with working(free):
        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: free.health()["queued"] == 1)
        time.sleep(0.6)
    thread.join()
    assert heard[0][0] == 1


def hang_up(service: Service) -> None:
    with working(service):
        pass


def raise_from_told(service: Service) -> None:
    def told(share: float) -> None:
        if service.health()["busy"]:
            time.sleep(0.5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.engine.apply("upscale", Pixels(512, 512, 3, 8, bytes(512 * 512 * 3)), told, model="slow")


def die(service: Service) -> None:
    script = (
        "import sys; from pathlib import Path; from plugins.client import *\n"
        f"engine = Engine(('false',), Path({str(service.state)!r}))\n"
        "engine.apply('upscale', Pixels(512, 512, 3, 8, bytes(512 * 512 * 3)), lambda share: None, model='slow')"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    until(lambda: service.health()["busy"])
    time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("leave", [hang_up, raise_from_told, die])
def test_who_leaves_frees_the_engine(free: Service, leave: Callable[[Service], None]) -> None:
    leave(free)
    left = time.monotonic()
    until(lambda: is_free(free))
    assert time.monotonic() - left < SOON_S


def test_who_leaves_the_queue_is_not_waited_for(free: Service) -> None:
    with working(free):
        with contextlib.closing(free.line()) as line:
            line.request("POST", "/v1/apply", asked(bytes(192), **SMALL), free.headers)
            line.getresponse()
            assert free.health()["queued"] == 1
        until(lambda: free.health()["queued"] == 0)
        assert free.health()["busy"]
