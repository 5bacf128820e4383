"""Who may not ask, what may not be asked, and that the service goes on in spite of all of it."""

from __future__ import annotations

import json
import socket
import stat
import struct
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.server.services import Service, asked, serving, until

SMALL = {"filter": "upscale", "width": 4, "height": 3, "channels": 3, "depth": 8}
PIXELS = bytes(36)


@pytest.fixture(autouse=True)
def still_well(service: Service) -> Any:
    """After each of these the service does what it is there for."""
    yield
    assert [said["event"] for said in service.apply(asked(PIXELS, **SMALL), "well")][-1] == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_token_is_the_users_alone(service: Service) -> None:
    assert stat.S_IMODE((service.state / "server.json").stat().st_mode) == 0o600 if service.address else False
    assert stat.S_IMODE(service.state.stat().st_mode) == 0o700
    assert len(service.address["token"]) >= 32


def test_it_listens_on_this_computer_alone(service: Service) -> None:
    listening = [c for c in psutil.Process(service.address["pid"]).net_connections() if c.status == psutil.CONN_LISTEN]
    assert [c.laddr.ip for c in listening] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Authorization": None}, 401, "token"),
        ({"Authorization": "Bearer "}, 401, "token"),
        ({"Authorization": "Bearer wrong"}, 401, "token"),
        ({"Authorization": "Basic {token}"}, 401, "token"),
        ({"Authorization": "Bearer {token}\xe9"}, 401, "token"),
        ({"Origin": "https://example.org"}, 403, "origin"),
        ({"Origin": "null"}, 403, "origin"),
        ({"Origin": "http://127.0.0.1:{port}"}, 403, "origin"),
        ({"Host": "example.org"}, 403, "origin"),
        ({"Host": "127.0.0.1"}, 403, "origin"),
        ({"Host": "127.0.0.1:{port}.example.org"}, 403, "origin"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/health"), ("GET", "/v1/filters"), ("POST", "/v1/apply"), ("GET", "/"), ("OPTIONS", "/v1/apply")],
)
def test_strangers_are_turned_away(
    service: Service, change: dict[str, str | None], status: int, code: str, method: str, path: str
) -> None:
    headers = service.headers | change
    told = {name: value.format(**service.address) for name, value in headers.items() if value is not None}
    answered, said = service.ask(method, path, headers=told)
    assert (answered, said["error"]["code"]) == (status, code)
    assert service.address["token"] not in json.dumps(said)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/docs", 404), ("GET", "/openapi.json", 404), ("GET", "/v1/apply", 405), ("DELETE", "/v1/health", 405)],
)
def test_there_is_nothing_else(service: Service, method: str, path: str, status: int) -> None:
    assert service.ask(method, path)[0] == status


def framed(text: bytes, pixels: bytes = PIXELS) -> bytes:
    return struct.pack("<I", len(text)) + text + pixels


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\x01", 400),
        (b"\xff\xff\xff\xff" + bytes(100), 400),
        (framed(b"not JSON"), 400),
        (framed(b"\xff\xfe{}"), 400),
        (framed(b"[" * 60_000), 400),
        (framed(b"{}"), 400),
        (framed(b"[]"), 400),
        (framed(json.dumps(SMALL).encode()[:-4]), 400),
        (asked(PIXELS, **SMALL | {"width": "4"}), 400),
        (asked(PIXELS, **SMALL | {"width": 0}), 400),
        (asked(PIXELS, **SMALL | {"width": -4, "height": -3}), 400),
        (asked(PIXELS, **SMALL | {"width": 2**40}), 400),
        (asked(PIXELS, **SMALL | {"width": float("inf")}), 400),
        (asked(PIXELS, **SMALL | {"channels": 5}), 400),
        (asked(PIXELS, **SMALL | {"depth": 64}), 400),
        (asked(PIXELS, **SMALL | {"options": {"strength": float("nan")}}), 400),
        (asked(PIXELS, **SMALL | {"output": "/tmp/x"}), 400),
        (asked(PIXELS + b"!", **SMALL), 400),
        (asked(PIXELS[1:], **SMALL), 400),
        (asked(PIXELS, mask=b"1", **SMALL | {"filter": "inpaint"}), 400),
        (asked(bytes(3), **SMALL | {"width": 20_000, "height": 20_000}), 422),
    ],
)
def test_what_makes_no_sense_is_refused(service: Service, body: bytes, status: int) -> None:
    answered, said = service.ask("POST", "/v1/apply", body)
    assert answered == status, said
    assert said["error"]["message"]
    assert "\n" not in said["error"]["message"]


@pytest.mark.parametrize(
    "model", ["../photo-x4", "/etc/passwd", "{path}", "photo-x4.onnx", "..", ".", "", "a\x00b", "a\nb", "C:x"]
)
def test_no_file_is_opened_for_a_client(service: Service, models: Path, model: str) -> None:
    model = model.format(path=models / "photo-x4.onnx")
    status, said = service.ask("POST", "/v1/apply", asked(PIXELS, **SMALL | {"model": model}))
    assert (status, said["error"]["code"]) == (404, "unknown-model")
    assert "\n" not in said["error"]["message"]


def spoken(service: Service, *lines: str, body: bytes = b"") -> bytes:
    """What answers these lines of a request for work, to the end of the connection."""
    address = service.address
    head = [
        "POST /v1/apply HTTP/1.1",
        f"Host: 127.0.0.1:{address['port']}",
        f"Authorization: Bearer {address['token']}",
    ]
    with socket.create_connection(("127.0.0.1", address["port"]), timeout=20) as line:
        line.sendall("\r\n".join([*head, *lines, "", ""]).encode() + body)
        line.shutdown(socket.SHUT_WR) if body else None
        return b"".join(iter(lambda: line.recv(1 << 16), b""))


def test_who_sends_all_before_it_listens_hears_why_it_is_refused(service: Service) -> None:
    body = asked(bytes(3 * 2000 * 2000), **SMALL | {"width": 2000, "height": 2000, "filter": "upscal"})
    status, said = service.ask("POST", "/v1/apply", body)
    assert (status, said["error"]["code"]) == (422, "option")


@pytest.mark.parametrize("length", ["99999999999999", "9" * 400])
def test_more_than_may_be_sent_is_refused_before_it_is_sent(service: Service, length: str) -> None:
    answer = spoken(service, f"Content-Length: {length}")
    assert answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Content-Length: -1",),
        ("Content-Length: x",),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Transfer-Encoding: chunked",),
    ],
)
def test_a_length_must_be_said(service: Service, lines: tuple[str, ...]) -> None:
    assert spoken(service, *lines).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("cut", [2, 30, -1])
def test_who_leaves_in_the_middle_leaves_nothing_behind(service: Service, cut: int) -> None:
    body = asked(PIXELS, **SMALL)
    spoken(service, f"Content-Length: {len(body)}", body=body[:cut])
    until(lambda: service.health()["queued"] == 0)


def test_garbage_on_the_line_harms_nobody(service: Service) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000):
        with socket.create_connection(("127.0.0.1", service.address["port"]), timeout=20) as line:
            line.sendall(garbage)
            line.shutdown(socket.SHUT_WR)
            while line.recv(1 << 16):
                pass


def test_what_is_logged_gives_nothing_away(service: Service) -> None:
    log = (service.state / "serve.log").read_text()
    assert "upscale of 4x3x3" in log
    assert service.address["token"] not in log


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Any:
    with serving(tmp_path_factory.mktemp("state"), models, "--max-megapixels", 0.01) as service:
        yield service


@pytest.mark.parametrize(("side", "status"), [(100, 200), (101, 422)])
def test_the_largest_picture_is_the_users_choice(narrow: Service, side: int, status: int) -> None:
    body = asked(bytes(side * side * 3), **SMALL | {"width": side, "height": side})
    if status == 200:
        assert narrow.apply(body, "me")[-1]["event"] == "done"
    else:
        answered, said = narrow.ask("POST", "/v1/apply", body)
        assert (answered, said["error"]["code"]) == (status, "size")
        assert "--max-megapixels" in said["error"]["hint"]
