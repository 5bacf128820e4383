"""The service's life: one instance per user, found through server.json, ended when idle, restartable after a crash."""

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

from plugins.client import Pixels, ServiceClient
from tests.cli.test_commands import ganfx
from tests.server.services import request_body, serving, wait_until

pytestmark = pytest.mark.slow

SLOW = {"filter": "upscale", "model": "slow", "width": 512, "height": 512, "channels": 3, "depth": 8}


def test_it_starts_soon(tmp_path: Path, models: Path) -> None:
    started = time.monotonic()
    with serving(tmp_path, models) as service:
        assert service.address
        print(f"listening after {time.monotonic() - started:.2f} s")
        assert service.health()["pid"] == service.process.pid
        assert time.monotonic() - started < 15


def test_a_second_instance_ends_at_once_and_says_why(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models) as service:
        port = service.address["port"]
        second = ganfx("serve", env={"GANFX_STATE": str(tmp_path)})
        assert second.returncode == 0
        assert f"it runs already, on http://127.0.0.1:{port}" in second.stderr
        assert service.health()["pid"] == service.process.pid


def test_of_several_started_together_one_serves(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models) as one, serving(tmp_path, models) as two, serving(tmp_path, models) as three:
        ended = wait_until(lambda: [other for other in (one, two, three) if other.process.poll() is not None][1:])
        (serves,) = [other for other in (one, two, three) if other.process.poll() is None]
        assert all(other.process.returncode == 0 for other in (one, two, three) if other is not serves)
        assert ended
        assert serves.health()["pid"] == serves.process.pid


def test_files_left_by_a_killed_service_do_not_matter(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models) as first:
        stale = first.address
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        assert json.loads((tmp_path / "server.json").read_text()) == stale
        with serving(tmp_path, models) as second:
            assert second.address["token"] != stale["token"]
            assert second.health()["pid"] == second.process.pid


def test_another_program_on_the_recorded_port_is_not_taken_for_the_service(tmp_path: Path, models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other_program:
        other_program.settimeout(0.1)
        port = other_program.getsockname()[1]
        stale = {"host": "127.0.0.1", "port": port, "token": "x", "pid": 1, "version": "0"}
        (tmp_path / "server.json").write_text(json.dumps(stale))
        with serving(tmp_path, models) as service:
            assert service.address["port"] != port


def test_it_ends_when_idle_and_health_requests_do_not_count(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models, "--idle", 0.05) as service:
        service.client.apply("stylize", Pixels(4, 4, 3, 8, bytes(48)), lambda share: None)
        last_used = time.monotonic()
        while (tmp_path / "server.json").exists():
            service.health()
            assert time.monotonic() - last_used < 30
            time.sleep(0.1)
        assert time.monotonic() - last_used > 2.9
        assert service.process.wait(20) == 0


def test_a_request_that_arrives_while_it_ends_is_served(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models, "--idle", 0.02) as service:
        connection, headers = service.connect(), service.headers
        wait_until(lambda: not (tmp_path / "server.json").exists())
        connection.request("GET", "/v1/filters", headers=headers)
        assert connection.getresponse().status == 200
        wait_until((tmp_path / "server.json").exists)
        assert service.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_the_client_gets_an_error(tmp_path: Path, models: Path, number: signal.Signals) -> None:
    with serving(tmp_path, models, "--idle", 0) as service:
        messages: list[dict[str, Any]] = []
        sender = threading.Thread(
            target=lambda: messages.extend(service.apply(request_body(bytes(512 * 512 * 3), **SLOW), "me"))
        )
        sender.start()
        wait_until(lambda: service.health()["busy"])
        service.process.send_signal(number)
        sender.join()
        assert (messages[-1]["event"], messages[-1]["code"]) == ("error", "server")
        assert service.process.wait(20) == 0
        assert not (tmp_path / "server.json").exists()


def test_reasons_for_not_starting_are_printed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = ganfx("serve", env={"GANFX_STATE": str(tmp_path / "file" / "state")})
    assert (done.returncode, "cannot be used" in done.stderr) == (1, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = ganfx("serve", "--port", taken.getsockname()[1], env={"GANFX_STATE": str(tmp_path / "state")})
    assert (done.returncode, "cannot be had" in done.stderr) == (1, True)


def test_the_client_starts_it_and_finds_it_again(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(models))
    client = ServiceClient((sys.executable, "-m", "ganfx"), tmp_path / "state")
    pixels = Pixels(2, 1, 3, 8, bytes([0, 255, 7, 1, 2, 3]))
    addresses = set()
    try:
        for _ in range(2):
            assert client.apply("stylize", pixels, lambda share: None).data == bytes([255, 0, 248, 254, 253, 252])
            addresses.add((tmp_path / "state" / "server.json").read_text())
    finally:
        os.kill(json.loads((tmp_path / "state" / "server.json").read_text())["pid"], signal.SIGTERM)
    assert len(addresses) == 1


def test_waiting_clients_get_an_error_when_it_ends(tmp_path: Path, models: Path) -> None:
    with serving(tmp_path, models) as service:
        messages: dict[str, list[dict[str, Any]]] = {}

        def send(client: str) -> None:
            messages[client] = service.apply(request_body(bytes(512 * 512 * 3), **SLOW), client)

        threads = [threading.Thread(target=send, args=(client,)) for client in ("first", "second")]
        for thread in threads:
            thread.start()
        wait_until(lambda: service.health() | {"queued": 1, "busy": True} == service.health())
        service.process.terminate()
        terminated = time.monotonic()
        for thread in threads:
            thread.join()
        assert [received[-1]["event"] for received in messages.values()] == ["error", "error"]
        assert time.monotonic() - terminated < 5
