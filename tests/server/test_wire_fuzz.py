"""Mutated requests are read or refused, and nothing else: also through the running service."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.fuzz.target_wire import message, one_input, seeds
from tests.server.services import Service

_SEEDS = list(seeds())
_VALUES: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20) | some.just(2**31),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_FIELDS: dict[str, some.SearchStrategy[Any]] = {
    "filter": some.sampled_from(["upscale", "stylize", "colorize", "inpaint", "heal"]),
    "model": some.none() | some.text(max_size=20),
    "options": some.dictionaries(some.sampled_from(["strength", "scale", "light", ""]), _VALUES, max_size=3),
    "width": some.integers(1, 70),
    "height": some.integers(1, 70),
    "channels": some.integers(1, 4),
    "depth": some.sampled_from([8, 16, 32]),
    "order": some.sampled_from(["rgb", "bgr"]),
    "mask": some.booleans(),
    "layer": some.booleans(),
}


@some.composite
def headers(draw: some.DrawFn) -> dict[str, Any]:
    """A header that is valid but for at most two fields, which are anything, missing, or new."""
    header = draw(some.fixed_dictionaries(_FIELDS))
    for name in draw(some.lists(some.sampled_from([*_FIELDS, "unknown"]), max_size=2)):
        if draw(some.booleans()):
            header[name] = draw(_VALUES)
        else:
            header.pop(name, None)
    return header


@some.composite
def damaged(draw: some.DrawFn) -> bytes:
    """A request with bytes changed, removed or added."""
    data = bytearray(draw(some.sampled_from(_SEEDS)))
    for _ in range(draw(some.integers(1, 6))):
        at = draw(some.integers(0, len(data)))
        data[at : at + draw(some.integers(0, 8))] = draw(some.binary(max_size=8))
    return bytes(data)


@given(headers(), some.binary(max_size=200))
@settings(max_examples=150, deadline=2000)
def test_any_header_is_read_or_refused(header: dict[str, Any], pixels: bytes) -> None:
    one_input(message(header, pixels))


@given(damaged())
@settings(max_examples=250, deadline=2000)
def test_damaged_requests_are_read_or_refused(data: bytes) -> None:
    one_input(data)


@given(damaged(), some.integers(-9, 9))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_service_answers_damaged_requests_and_lies_about_their_length(
    service: Service, data: bytes, lie: int
) -> None:
    length = max(0, len(data) + lie)
    with contextlib.closing(service.connect(10)) as connection:
        connection.request("POST", "/v1/apply", data[:length], service.headers | {"Content-Length": str(length)})
        if lie > 0:  # it waits for the rest, and gets none
            connection.sock.shutdown(socket.SHUT_WR)
            assert connection.sock.recv(1 << 16) == b""
        else:
            response = connection.getresponse()
            text = response.read()
            assert response.status in (200, 400, 404, 422, 424), text
    assert service.health()["pid"] == service.process.pid
