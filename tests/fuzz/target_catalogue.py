"""Catalogues: entries that are sound, or one line of ModelError; no address but https, no name that is a path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ganfx.errors import ModelError
from ganfx.hub import known_models
from ganfx.hub.catalogue import MAX_DOWNLOAD_BYTES, read_catalogue
from ganfx.text import printable

SMALL = """[[model]]
name = "two-x2"
task = "upscale"
scale = 2
license = "CC0-1.0"
description = "größer"
author = ["one", "other"]
tags = ["photo"]
[[model.resources]]
platform = "pytorch"
type = "pth"
size = 1234
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
urls = ["https://example.org/two.pth"]
[[model]]
name = "own"
task = "stylize"
file = "own.onnx"
default = true
"""


def seeds() -> Iterator[bytes]:
    """The catalogue of ganfx, a small one, and odd values of TOML."""
    yield SMALL.encode()
    yield known_models.CATALOGUE.read_bytes()
    for value in ("nan", "-inf", "1979-05-27T07:32:00Z", "[[1]]", "{a.b.c = 1}", "0x7fffffffffffffffff", "'''x'''"):
        yield SMALL.replace("1234", value).encode()


def _check_line(message: str) -> None:
    assert printable(message) == message, message


def one_input(data: bytes) -> None:
    """Raises where an entry is accepted that nobody should ask for."""
    try:
        blocks = read_catalogue(data.decode("utf-8", "replace"))
    except ModelError as error:
        _check_line(error.message)
        return
    assert len({block.name for block in blocks}) == len(blocks)
    for block in blocks:
        assert Path(block.name).name == block.name
        assert bool(block.file) != bool(block.download)
        for resource in block.resources:
            assert resource.urls
            assert {urlsplit(url).scheme for url in resource.urls} == {"https"}
            assert len(bytes.fromhex(resource.sha256)) == 32
            assert resource.size is None or 0 < resource.size <= MAX_DOWNLOAD_BYTES
