"""docs/service.md describes the protocol that the service speaks: its examples, down to the bytes, and its tables."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganfx.server.app import Service as App
from ganfx.server.jobs import JobQueue
from ganfx.server.schema import describe
from ganfx.server.wire import Header, encode_message
from tests.conftest import ROOT
from tests.server.services import Service

PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
PIXELS, INVERTED = bytes(3) + b"\xff" * 3, b"\xff" * 3 + bytes(3)
HEADER: dict[str, Any] = {"filter": "stylize", "width": 2, "height": 1, "channels": 3, "depth": 8}


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def documented(heading: str) -> set[str]:
    """The names in the first column of the table whose header begins with `heading`."""
    rows = re.search(rf"^\| {heading} \|.*\n\|[- |]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert rows, heading
    return {name for row in rows[1].splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def dumped(text: str) -> bytes:
    """The bytes of a hex dump, whose last column has to agree with them."""
    data = b""
    for line in text.splitlines():
        offset, rest = line.split(maxsplit=1)
        codes, characters = rest.split("|", 1)
        row = bytes.fromhex(codes)
        assert int(offset, 16) == len(data)
        assert characters == "".join(chr(code) if 32 <= code < 127 else "." for code in row) + "|"
        data += row
    return data


def test_the_bytes_of_the_request_are_answered_with_the_bytes_of_the_response(service: Service) -> None:
    request, response = map(dumped, examples("hexdump"))
    assert f"Content-Length: {len(request)}" in PAGE
    assert f"{request[0]} bytes of the header" in PAGE
    shape = {key: HEADER[key] for key in ("width", "height", "channels", "depth")}
    rows = encode_message("rows", bytes=6, share=1.0) + INVERTED
    assert response == encode_message("started", **shape) + rows + encode_message("done")
    messages = service.apply(request, "documentation")
    expected = [{"event": "started", **shape}, {"event": "rows", "bytes": 6, "share": 1.0}, {"event": "done"}]
    assert [one for one in messages if one["event"] not in ("queued", "progress")] == expected


def test_the_client_in_python_works(service: Service) -> None:
    assert service.address
    names: dict[str, Any] = {}
    for code in examples("python"):
        exec(code, names)
    shape, result = names["apply"](service.state, HEADER, PIXELS)
    assert (shape["width"], shape["height"], result) == (2, 1, INVERTED)
    with pytest.raises(RuntimeError, match="no filter 'stylise'"):
        names["apply"](service.state, HEADER | {"filter": "stylise"}, PIXELS)


def test_the_client_for_files_works(service: Service, tmp_path: Path) -> None:
    assert service.address
    names: dict[str, Any] = {}
    for code in examples("python"):
        exec(code, names)
    picture, mask = tmp_path / "a.png", tmp_path / "m.png"
    Image.new("RGB", (8, 6), "red").save(picture)
    Image.new("L", (8, 6)).save(mask)
    data = names["make"](service.state, picture, {"filter": "upscale", "options": {"clean": "off"}})
    assert Image.open(io.BytesIO(data)).size == (32, 24)
    assert names["make"](service.state, picture, {"filter": "inpaint"}, mask=mask) == picture.read_bytes()
    Image.new("L", (9, 9)).save(mask)
    with pytest.raises(RuntimeError, match="mask is 9x9"):
        names["make"](service.state, picture, {"filter": "inpaint"}, mask=mask)


def test_the_document_of_the_api_is_whole(service: Service) -> None:
    status, document = service.request("GET", "/v1/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    routes = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert routes == {route for route in documented("route") if " /v1/" in route}
    names = set(document["components"]["schemas"])
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert used == names
    for methods in document["paths"].values():
        for found in methods.values():
            assert found["summary"].endswith(".")
            assert "default" in found["responses"]


def test_the_page_of_the_api_has_no_script(service: Service) -> None:
    with contextlib.closing(service.connect()) as connection:
        connection.request("GET", "/v1/docs", headers=service.headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    assert "script-src 'self'" in answer.getheader("Content-Security-Policy", "")
    assert "<script" not in text
    assert "https:" not in text
    assert "POST /v1/jobs" in text


def test_tables_list_every_route_and_field(tmp_path: Path) -> None:
    routes = {
        f"{method} {route.path}"
        for route in App(JobQueue(1), 1, tmp_path).app.routes
        for method in route.methods - {"HEAD"}
    }
    assert documented("route") == routes
    assert documented("field of the header") == set(Header.model_fields)
    schema = describe()
    assert documented("field") == set(schema)
    assert documented("field of a filter") == {key for filter_ in schema["filters"] for key in filter_}
    controls = {key for filter_ in schema["filters"] for control in filter_["controls"] for key in control}
    assert controls - {"auto"} == documented("field of a control") - {"auto"}
