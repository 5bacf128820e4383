"""Refused and malformed requests: each gets its error, and after each one the service works as before.

`service_unharmed` checks the latter after every test of this module.
"""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from ganfx import __version__
from plugins.client import Pixels
from tests.server.services import Service, request_body, serving, wait_until

SMALL = {"filter": "upscale", "width": 4, "height": 3, "channels": 3, "depth": 8}
PIXELS = bytes(range(36))
# What the stand-in for photo-x4, which repeats pixels, makes of them.
ENLARGED = np.frombuffer(PIXELS, np.uint8).reshape(3, 4, 3).repeat(4, axis=0).repeat(4, axis=1).tobytes()


@pytest.fixture(autouse=True)
def service_unharmed(service: Service) -> Any:
    """Afterwards, the same process answers /v1/health without a job left, and a good request gets the right pixels."""
    pid = service.health()["pid"]
    yield
    assert service.process.poll() is None
    wait_until(lambda: service.health() == {"version": __version__, "pid": pid, "queued": 0, "busy": False}, 20)
    result = service.client.apply("upscale", Pixels(4, 3, 3, 8, PIXELS), lambda share: None)
    assert (result.width, result.height, result.data) == (16, 12, ENLARGED)


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
def test_requests_without_token_or_for_other_hosts_are_refused(
    service: Service, change: dict[str, str | None], status: int, code: str, method: str, path: str
) -> None:
    headers = service.headers | change
    sent = {name: value.format(**service.address) for name, value in headers.items() if value is not None}
    answered, reply = service.request(method, path, headers=sent)
    assert (answered, reply["error"]["code"]) == (status, code)
    assert service.address["token"] not in json.dumps(reply)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/docs", 404), ("GET", "/openapi.json", 404), ("GET", "/v1/apply", 405), ("DELETE", "/v1/health", 405)],
)
def test_other_routes_do_not_exist(service: Service, method: str, path: str, status: int) -> None:
    assert service.request(method, path)[0] == status


def framed(text: bytes, pixels: bytes = PIXELS) -> bytes:
    """A body with any bytes as its header."""
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
        (request_body(PIXELS, **SMALL | {"width": "4"}), 400),
        (request_body(PIXELS, **SMALL | {"width": 0}), 400),
        (request_body(PIXELS, **SMALL | {"width": -4, "height": -3}), 400),
        (request_body(PIXELS, **SMALL | {"width": 2**40}), 400),
        (request_body(PIXELS, **SMALL | {"width": float("inf")}), 400),
        (request_body(PIXELS, **SMALL | {"channels": 5}), 400),
        (request_body(PIXELS, **SMALL | {"depth": 64}), 400),
        (request_body(PIXELS, **SMALL | {"options": {"strength": float("nan")}}), 400),
        (request_body(PIXELS, **SMALL | {"output": "/tmp/x"}), 400),
        (request_body(PIXELS + b"!", **SMALL), 400),
        (request_body(PIXELS[1:], **SMALL), 400),
        (request_body(PIXELS, mask=b"1", **SMALL | {"filter": "inpaint"}), 400),
        (request_body(bytes(3), **SMALL | {"width": 20_000, "height": 20_000}), 422),
    ],
)
def test_malformed_requests_are_refused(service: Service, body: bytes, status: int) -> None:
    answered, reply = service.request("POST", "/v1/apply", body)
    assert answered == status, reply
    assert reply["error"]["message"]
    assert "\n" not in reply["error"]["message"]


@pytest.mark.parametrize(
    "model", ["../photo-x4", "/etc/passwd", "{path}", "photo-x4.onnx", "..", ".", "", "a\x00b", "a\nb", "C:x"]
)
def test_a_model_cannot_be_named_by_its_file(service: Service, models: Path, model: str) -> None:
    model = model.format(path=models / "photo-x4.onnx")
    status, reply = service.request("POST", "/v1/apply", request_body(PIXELS, **SMALL | {"model": model}))
    assert (status, reply["error"]["code"]) == (404, "unknown-model")
    assert "\n" not in reply["error"]["message"]


def raw_response(service: Service, *lines: str, body: bytes = b"") -> bytes:
    """The response to POST /v1/apply with these header lines, as bytes up to the end of the connection."""
    address = service.address
    head = [
        "POST /v1/apply HTTP/1.1",
        f"Host: 127.0.0.1:{address['port']}",
        f"Authorization: Bearer {address['token']}",
    ]
    with socket.create_connection(("127.0.0.1", address["port"]), timeout=20) as connection:
        connection.sendall("\r\n".join([*head, *lines, "", ""]).encode() + body)
        if body:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_a_client_that_reads_only_after_sending_all_gets_the_error(service: Service) -> None:
    body = request_body(bytes(3 * 2000 * 2000), **SMALL | {"width": 2000, "height": 2000, "filter": "upscal"})
    status, reply = service.request("POST", "/v1/apply", body)
    assert (status, reply["error"]["code"]) == (422, "option")


@pytest.mark.parametrize("length", ["99999999999999", "9" * 400])
def test_a_body_that_is_too_long_is_refused_before_it_is_sent(service: Service, length: str) -> None:
    response = raw_response(service, f"Content-Length: {length}")
    assert response.startswith(b"HTTP/1.1 4")


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
def test_content_length_is_required(service: Service, lines: tuple[str, ...]) -> None:
    assert raw_response(service, *lines).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("cut", [2, 30, -1])
def test_a_request_that_breaks_off_leaves_no_job_behind(service: Service, cut: int) -> None:
    body = request_body(PIXELS, **SMALL)
    raw_response(service, f"Content-Length: {len(body)}", body=body[:cut])
    wait_until(lambda: service.health()["queued"] == 0)


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000])
def test_bytes_that_are_not_http_do_no_harm(service: Service, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", service.address["port"]), timeout=20) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass


@pytest.mark.parametrize("seed", range(30))
def test_randomly_damaged_requests_are_refused(service: Service, seed: int) -> None:
    random = np.random.default_rng(seed)
    body = bytearray(request_body(PIXELS, **SMALL))
    for at in random.integers(0, len(body) - len(PIXELS), 1 + seed % 4):
        body[at] ^= 1 << int(random.integers(0, 8))
    with contextlib.closing(service.connect()) as connection:
        connection.request("POST", "/v1/apply", bytes(body), service.headers)
        response = connection.getresponse()
        text = response.read()
    # A changed character may leave the request valid.
    assert response.status in (200, 400, 404, 422), text
    if response.status != 200:
        assert set(json.loads(text)["error"]) == {"code", "message", "hint"}


def test_the_log_does_not_hold_the_token(service: Service) -> None:
    log = (service.state / "serve.log").read_text()
    assert "upscale of 4x3x3" in log
    assert service.address["token"] not in log


@pytest.fixture(scope="module")
def small_service(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Any:
    with serving(tmp_path_factory.mktemp("state"), models, "--max-megapixels", 0.01) as service:
        yield service


@pytest.mark.parametrize(("side", "status"), [(100, 200), (101, 422)])
def test_max_megapixels_is_the_largest_picture_accepted(small_service: Service, side: int, status: int) -> None:
    body = request_body(bytes(side * side * 3), **SMALL | {"width": side, "height": side})
    if status == 200:
        assert small_service.apply(body, "me")[-1]["event"] == "done"
    else:
        answered, reply = small_service.request("POST", "/v1/apply", body)
        assert (answered, reply["error"]["code"]) == (status, "size")
        assert "--max-megapixels" in reply["error"]["hint"]
