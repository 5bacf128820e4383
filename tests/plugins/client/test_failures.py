"""The plug-ins' client with a service that fails."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plugins import client
from tests import fake_service
from tests.conftest import ROOT
from tests.fake_service import Handler
from tests.plugins.client.helpers import FAKE, PICTURE, client_of, failure, no_progress, running


@pytest.mark.parametrize(
    ("behavior", "message", "hint"),
    [("dies", "no model is installed", "import one"), ("crashes", "RuntimeError: a bug", "ganfx serve")],
)
def test_the_reason_of_a_failed_start_is_quoted(state: Path, behavior: str, message: str, hint: str) -> None:
    with pytest.raises(client.ServiceError) as caught:
        client_of(state, behavior).apply("upscale", PICTURE, no_progress)
    assert caught.value.message == f"The engine does not start: {message}"
    assert hint in caught.value.hint


def test_a_missing_executable_is_an_error_with_a_remedy(state: Path) -> None:
    lost = client.ServiceClient((str(state / "no-python"), "-m", "ganfx"), state)
    with pytest.raises(client.ServiceError, match="ganfx plugins install"):
        lost.apply("upscale", PICTURE, no_progress)


def test_waiting_for_a_service_that_never_listens_ends(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_GRACE_S", 0.2)
    shares: list[float] = []
    with pytest.raises(client.ServiceError, match="does not answer"):
        client_of(state, "leaves").apply("upscale", PICTURE, shares.append)
    assert len(shares) > 2, "nobody could have cancelled"


def test_output_of_the_service_does_not_block_it_and_it_outlives_the_host(state: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import client\n"
        "from pathlib import Path\n"
        "engine = client.ServiceClient(tuple(sys.argv[3:]), Path(sys.argv[2]))\n"
        "engine.apply('upscale', client.Pixels(1, 1, 1, 8, b'a'), print)\n"
    )
    command = [sys.executable, "-c", script, str(ROOT / "plugins"), str(state), sys.executable, str(FAKE), "talks"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    address = json.loads((state / "server.json").read_text())
    assert os.getsid(address["pid"]) != os.getsid(0), "it would end with the host's terminal"
    assert client_of(state, "dies").apply("upscale", PICTURE, no_progress) == PICTURE
    assert json.loads((state / "server.json").read_text()) == address


def test_a_service_killed_in_the_middle_is_reported_and_restarted(state: Path) -> None:
    with pytest.raises(client.ServiceError, match="ended in the middle") as caught:
        client_of(state, "killed").apply("upscale", PICTURE, no_progress)
    assert "serve.log" in caught.value.hint
    assert client_of(state).apply("upscale", PICTURE, no_progress) == PICTURE


def test_waiting_for_a_silent_service_ends(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(handler: Handler) -> None:
        handler.read_request()
        handler.start_response()
        time.sleep(1)

    monkeypatch.setattr(client, "_SILENCE_S", 0.2)
    assert "has fallen silent" in failure(state, silent).message


def test_an_exception_from_report_cancels_the_job(state: Path) -> None:
    class CancelledError(Exception):
        pass

    def cancel(share: float) -> None:
        if share:
            raise CancelledError

    with running(state, fake_service.never_done) as server:
        with pytest.raises(CancelledError) as caught:
            client_of(state).apply("upscale", PICTURE, cancel)
        assert server.disconnected.wait(2), f"{caught} keeps the line open"


def test_the_services_error_is_passed_on_verbatim(state: Path) -> None:
    def fails(handler: Handler) -> None:
        handler.read_request()
        handler.start_response()
        handler.send_message("error", code="mask", message="the selection is empty", hint="select what is to be filled")

    error = failure(state, fails)
    assert (error.code, error.message) == ("mask", "the selection is empty")
    assert str(error) == "The selection is empty. Select what is to be filled"


def test_a_refusal_is_read_even_if_the_picture_was_not_sent(state: Path) -> None:
    def refuses(handler: Handler) -> None:
        handler.refuse(413, code="size", message="the picture is too large", hint=None)

    large = client.Pixels(4000, 4000, 4, 8, bytes(64_000_000))
    assert failure(state, refuses, large).message == "the picture is too large"


def test_a_result_of_the_wrong_size_is_an_error(state: Path) -> None:
    def short(handler: Handler) -> None:
        handler.read_request()
        handler.start_response()
        handler.send_message("started", width=5, height=3, channels=4, depth=16)
        handler.send_message("rows", b"abc", bytes=3)
        handler.send_message("done")

    assert "5x3" in failure(state, short).message


@pytest.mark.parametrize("response", [b"", b"\x04\x00\x00\x00null", b'\x02\x00\x00\x00{}"', b"\xff\xff\xff\x00{"])
def test_an_invalid_response_is_an_error(state: Path, response: bytes) -> None:
    def sends_nonsense(handler: Handler) -> None:
        handler.read_request()
        handler.start_response()
        for chunk in (response, b"") if response else (b"",):
            handler.send_chunk(chunk)

    assert "differ in age" in failure(state, sends_nonsense).message


def test_another_program_on_the_port_is_not_sent_the_picture(state: Path) -> None:
    with running(state, fake_service.mirror) as other_program:
        address = json.loads((state / "server.json").read_text())
        living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        (state / "server.json").write_text(json.dumps({**address, "pid": living.pid}))
        assert client_of(state).apply("upscale", PICTURE, no_progress) == PICTURE
        living.communicate(b"\n")
    assert other_program.headers == []


def test_the_port_of_a_dead_service_is_not_contacted(state: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with running(state, fake_service.mirror, ended.pid) as other_program:
        assert client_of(state).apply("upscale", PICTURE, no_progress) == PICTURE
    assert other_program.tokens == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": "127.0.0.1"}'])
def test_an_invalid_server_json_is_ignored(state: Path, content: str) -> None:
    (state / "server.json").write_text(content)
    assert client_of(state).apply("upscale", PICTURE, no_progress) == PICTURE


def test_a_closed_port_means_that_no_service_runs(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = {"host": "127.0.0.1", "port": port, "token": "old", "pid": os.getpid()}
    (state / "server.json").write_text(json.dumps(address))
    assert client_of(state).apply("upscale", PICTURE, no_progress) == PICTURE
