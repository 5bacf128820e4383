"""One service for each user, found where it says, gone when it is not needed, and back after whatever befell it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from plugins.client import Engine, Pixels
from tests.cli.test_commands import ganfx
from tests.server.services import asked, serving, until

SLOW = {"filter": "upscale", "model": "slow", "width": 512, "height": 512, "channels": 3, "depth": 8}


def test_it_is_there_soon(tmp_path: Path, models: Path) -> None:
    begun = time.monotonic()
    with serving(tmp_path, models) as service:
        assert service.address
        print(f"listening after {time.monotonic() - begun:.2f} s")
        assert service.health()["pid"] == service.process.pid
        assert time.monotonic() - begun < 15


def test_a_second_one_ends_at_once_and_says_why(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models) as service:
        port = service.address["port"]
        second = ganfx("serve", env={"GANFX_STATE": str(tmp_path)})
        assert second.returncode == 0
        assert f"it runs already, on http://127.0.0.1:{port}" in second.stderr
        assert service.health()["pid"] == service.process.pid


def test_of_many_that_begin_together_one_serves(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models) as one, serving(tmp_path, models) as two, serving(tmp_path, models) as three:
        ended = until(lambda: [other for other in (one, two, three) if other.process.poll() is not None][1:])
        (serves,) = [other for other in (one, two, three) if other.process.poll() is None]
        assert all(other.process.returncode == 0 for other in (one, two, three) if other is not serves)
        assert ended
        assert serves.health()["pid"] == serves.process.pid


def test_what_a_killed_one_leaves_is_no_hindrance(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models) as first:
        stale = first.address
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        assert json.loads((tmp_path / "server.json").read_text()) == stale
        with serving(tmp_path, models) as second:
            assert second.address["token"] != stale["token"]
            assert second.health()["pid"] == second.process.pid


def test_what_another_program_listens_to_is_not_taken_for_it(tmp_path: Path, models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0.1)
        port = stranger.getsockname()[1]
        left = {"host": "127.0.0.1", "port": port, "token": "x", "pid": 1, "version": "0"}
        (tmp_path / "server.json").write_text(json.dumps(left))
        with serving(tmp_path, models) as service:
            assert service.address["port"] != port


def test_it_ends_when_nobody_needs_it_though_somebody_looks(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models, "--idle", 0.05) as service:
        service.engine.apply("stylize", Pixels(4, 4, 3, 8, bytes(48)), lambda share: None)
        used = time.monotonic()
        while (tmp_path / "server.json").exists():
            service.health()
            assert time.monotonic() - used < 30
            time.sleep(0.1)
        assert time.monotonic() - used > 2.9
        assert service.process.wait(20) == 0


def test_who_comes_while_it_ends_is_served(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models, "--idle", 0.02) as service:
        line, headers = service.line(), service.headers
        until(lambda: not (tmp_path / "server.json").exists())
        line.request("GET", "/v1/filters", headers=headers)
        assert line.getresponse().status == 200
        until((tmp_path / "server.json").exists)
        assert service.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to_and_says_so(tmp_path: Path, models: Path, number: signal.Signals) -> None:
    with serving(tmp_path, models, "--idle", 0) as service:
        heard: list[dict[str, Any]] = []
        ask = threading.Thread(target=lambda: heard.extend(service.apply(asked(bytes(512 * 512 * 3), **SLOW), "me")))
        ask.start()
        until(lambda: service.health()["busy"])
        service.process.send_signal(number)
        ask.join()
        assert (heard[-1]["event"], heard[-1]["code"]) == ("error", "server")
        assert service.process.wait(20) == 0
        assert not (tmp_path / "server.json").exists()


def test_what_keeps_it_from_beginning_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = ganfx("serve", env={"GANFX_STATE": str(tmp_path / "file" / "state")})
    assert (done.returncode, "cannot be used" in done.stderr) == (1, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = ganfx("serve", "--port", taken.getsockname()[1], env={"GANFX_STATE": str(tmp_path / "state")})
    assert (done.returncode, "cannot be had" in done.stderr) == (1, True)


def test_the_client_begins_it_and_finds_it_again(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    engine = Engine((sys.executable, "-m", "ganfx"), tmp_path / "state")
    pixels = Pixels(2, 1, 3, 8, bytes([0, 255, 7, 1, 2, 3]))
    places = set()
    try:
        for _ in range(2):
            assert engine.apply("stylize", pixels, lambda share: None).data == bytes([255, 0, 248, 254, 253, 252])
            places.add((tmp_path / "state" / "server.json").read_text())
    finally:
        os.kill(json.loads((tmp_path / "state" / "server.json").read_text())["pid"], signal.SIGTERM)
    assert len(places) == 1


def test_who_waits_is_told_that_it_ends(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models) as service:
        heard: dict[str, list[dict[str, Any]]] = {}

        def ask(client: str) -> None:
            heard[client] = service.apply(asked(bytes(512 * 512 * 3), **SLOW), client)

        threads = [threading.Thread(target=ask, args=(client,)) for client in ("first", "second")]
        for thread in threads:
            thread.start()
        until(lambda: service.health() | {"queued": 1, "busy": True} == service.health())
        service.process.terminate()
        told = time.monotonic()
        for thread in threads:
            thread.join()
        assert [said[-1]["event"] for said in heard.values()] == ["error", "error"]
        assert time.monotonic() - told < 5
