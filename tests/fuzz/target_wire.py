"""Requests to the service: read and answered as pixels of the same shape, or refused with an error of ganfx."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import numpy as np

from ganfx.errors import GanfxError, RequestError
from ganfx.server.jobs import validate_options
from ganfx.server.wire import (
    HEADER_BYTES,
    LENGTH,
    Header,
    encode_rows,
    output_channels,
    read_header,
    read_mask,
    read_picture,
)

# Larger pictures are left to the tests of the service: here, many small ones.
_MAX_PIXELS = 1 << 12


def message(header: object, pixels: bytes = b"") -> bytes:
    """A request's body."""
    text = json.dumps(header).encode()
    return LENGTH.pack(len(text)) + text + pixels


def seeds() -> Iterator[bytes]:
    """Requests of every depth and number of channels."""
    size = {"filter": "upscale", "width": 3, "height": 2}
    for channels in (1, 2, 3, 4):
        for depth in (8, 16, 32):
            yield message({**size, "channels": channels, "depth": depth}, bytes(range(6 * channels * depth // 8)))
    options = {"strength": 0.5, "on": True, "steps": 2, "words": "a b", "list": ["a"]}
    yield message({**size, "channels": 4, "depth": 32, "layer": True, "mask": True, "order": "bgr"}, bytes(102))
    yield message({**size, "filter": "inpaint", "channels": 3, "depth": 8, "mask": True, "model": "x"}, bytes(24))
    yield message({**size, "filter": "stylize", "channels": 3, "depth": 8, "options": options}, bytes(18))


def one_input(data: bytes) -> None:
    """Raises for a request that is neither read nor refused, or whose pixels do not come back."""
    if len(data) < LENGTH.size:
        return
    (length,) = LENGTH.unpack_from(data)
    if length > HEADER_BYTES:
        return
    header = _read(data[LENGTH.size : LENGTH.size + length])
    if header is None:
        return
    with contextlib.suppress(GanfxError):
        validate_options(header)
    if header.width * header.height <= _MAX_PIXELS:
        _check_pixels(header, data[LENGTH.size + length :] or b"\0")


def _read(text: bytes) -> Header | None:
    try:
        return read_header(text)
    except RequestError as error:
        refusal = error.message
    assert "\n" not in refusal
    assert len(refusal) < 300
    return None


def _check_pixels(header: Header, sent: bytes) -> None:
    body = bytearray((sent * (header.body_bytes // len(sent) + 1))[: header.body_bytes])
    picture, mask = read_picture(header, body), read_mask(header, body)
    assert picture.rgb.shape == (header.height, header.width, 3)
    assert np.isfinite(picture.rgb).all()
    for plane in (picture.alpha, mask):
        assert plane is None or (plane.shape == picture.rgb.shape[:2] and 0 <= plane.min() <= plane.max() <= 1)
    grey = header.channels < 3
    answer = b"".join(encode_rows(picture, header, header.channels))
    assert len(answer) == header.pixel_bytes
    assert output_channels(header, grey=grey, alpha=False) == header.channels
    if header.depth < 32:
        assert answer == bytes(body[: header.pixel_bytes])
