"""The wire: what a request says and brings, and what is answered.

A request's body is the length of a JSON header (4 bytes, little-endian), the header, the pixels and, where the header
says so, the mask. Pixels are rows from the top, channels interleaved, samples little-endian, sRGB-encoded, alpha
straight; a mask has one byte a pixel, 255 = fill. An answer is a row of messages, each the length of a JSON text, the
text, and with `rows` as many bytes of pixels as it says.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from ganfx.errors import RequestError
from ganfx.files.samples import floats_of, write_samples
from ganfx.imaging.color import decode_srgb, encode_srgb
from ganfx.imaging.picture import Floats, Mask, Picture, PictureInfo

LENGTH = struct.Struct("<I")
HEADER_BYTES = 1 << 16
_DTYPES = {depth: np.dtype(code) for depth, code in {8: "u1", 16: "<u2", 32: "<f4"}.items()}
# Made at once: more would keep the other end waiting.
_SLAB_BYTES = 1 << 20
_WITH_ALPHA = (2, 4)
# What makes RGB of three or four samples.
_TO_RGB = {
    ("rgb", 4): cv2.COLOR_RGBA2RGB,
    ("bgr", 3): cv2.COLOR_BGR2RGB,
    ("bgr", 4): cv2.COLOR_BGRA2RGB,
}
# What makes such samples, opaque where they have an alpha, of RGB.
_FROM_RGB = {
    ("rgb", 4): cv2.COLOR_RGB2RGBA,
    ("bgr", 3): cv2.COLOR_RGB2BGR,
    ("bgr", 4): cv2.COLOR_RGB2BGRA,
}
# Painting programs encode what is below 0, as colors outside sRGB are, on the line through black; we mirror the curve.
_BLACK_SLOPE = np.float32(12.92)

_Length = Annotated[int, Field(ge=1, le=1 << 20)]
_Whole = Annotated[int, Field(ge=-(1 << 31), lt=1 << 31)]


class Header(BaseModel):
    """What a request asks for, and the shape of the pixels behind it; see the module.

    channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; depth: 8 or 16 bits, or 32 for floats; order: that of colors.
    As a `layer` an answer is to lie above the picture, clear where nothing is to be seen of it; a mask, which any
    filter takes then, says what is selected.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    filter: str
    model: str | None = None
    options: dict[str, bool | _Whole | FiniteFloat | str | list[str]] = {}
    width: _Length
    height: _Length
    channels: Literal[1, 2, 3, 4]
    depth: Literal[8, 16, 32]
    order: Literal["rgb", "bgr"] = "rgb"
    mask: bool = False
    layer: bool = False

    @model_validator(mode="after")
    def _layers_have_alpha(self) -> Header:
        if self.layer and self.channels not in _WITH_ALPHA:
            raise ValueError("layer needs alpha")
        return self

    @property
    def pixel_bytes(self) -> int:
        return self.width * self.height * self.channels * self.depth // 8

    @property
    def body_bytes(self) -> int:
        """Of the pixels and the mask."""
        return self.pixel_bytes + (self.width * self.height if self.mask else 0)


def read_header(text: bytes) -> Header:
    """The header that is written as `text`. Raises RequestError."""
    try:
        return Header.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        line = " ".join(f"{'.'.join(map(str, first['loc']))} {first['msg']}".split())
        raise RequestError(f"the request's header is wrong: {line[:200]}") from error


def read_picture(header: Header, body: bytearray) -> Picture:
    """The picture that `header` and `body` bring, without alpha where all is opaque; what is no number is black."""
    samples = np.frombuffer(body, _DTYPES[header.depth], header.width * header.height * header.channels)
    samples = samples.reshape(header.height, header.width, header.channels)
    grey, has_alpha = header.channels < 3, header.channels in _WITH_ALPHA
    if grey:
        rgb = np.repeat(_floats(samples[..., :1]), 3, axis=2)
    else:
        code = _TO_RGB.get((header.order, header.channels))
        rgb = _floats(samples if code is None else cv2.cvtColor(samples, code))
    return Picture(
        rgb, _alpha(samples[..., -1]) if has_alpha else None, PictureInfo(bits=min(header.depth, 16), grey=grey)
    )


def read_mask(header: Header, body: bytearray) -> Mask | None:
    """The mask in `body`, None where there is none."""
    if not header.mask:
        return None
    return floats_of(np.frombuffer(body, np.uint8, offset=header.pixel_bytes).reshape(header.height, header.width))


def channels_of(header: Header, *, grey: bool) -> int:
    """How many a result has, which keeps alpha and is grey or not."""
    return (1 if grey else 3) + (header.channels in _WITH_ALPHA)


def rows_of(piece: Picture, header: Header, *, grey: bool) -> Iterator[memoryview]:
    """The pixels of `piece`, as the request of `header` wants them, in slabs of whole rows; grey: in one channel."""
    dtype, channels = _DTYPES[header.depth], channels_of(header, grey=grey)
    count = max(1, _SLAB_BYTES // (piece.width * channels * dtype.itemsize))
    for top in range(0, piece.height, count):
        rows = piece.rows(top, min(top + count, piece.height))
        whole = _grey(rows, dtype, channels) if grey else _colored(rows, dtype, header.order, channels)
        yield whole.data.cast("B")


def message(event: str, **said: Any) -> bytes:
    """One message of an answer, without the pixels that may follow."""
    text = json.dumps({"event": event, **said}).encode()
    return LENGTH.pack(len(text)) + text


def _alpha(samples: NDArray[Any]) -> Floats | None:
    """Alpha (H, W), None where all is opaque, as most layers are: that stays so, and need not be worked on."""
    return None if (samples >= _full(samples.dtype)).all() else np.clip(_floats(samples), 0, 1)


def _floats(samples: NDArray[Any]) -> Floats:
    values = floats_of(samples)
    if samples.dtype.kind == "f":
        values = np.nan_to_num(values, copy=False, nan=0, posinf=1, neginf=0)
        below = values < 0
        values[below] = encode_srgb(values[below] / _BLACK_SLOPE)
    return values


def _samples(values: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Floats (H, W, C) as samples, rounded to the nearest unless those are floats too."""
    if dtype.kind == "f":
        samples = np.array(values, dtype)
        samples[values < 0] = decode_srgb(values[values < 0]) * _BLACK_SLOPE
        return samples
    samples = np.empty(values.shape, dtype)
    write_samples(samples, values)
    return samples


def _full(dtype: np.dtype[Any]) -> int:
    """The sample of white, and of what is opaque."""
    return 1 if dtype.kind == "f" else np.iinfo(dtype).max


def _grey(rows: Picture, dtype: np.dtype[Any], channels: int) -> NDArray[Any]:
    """Samples (H, W, channels) of a grey picture, with alpha or without."""
    samples = _samples(rows.rgb[..., :1], dtype)
    if channels == 1:
        return samples
    opaque = np.full_like(samples, _full(dtype))
    return cv2.merge([samples, opaque if rows.alpha is None else _samples(rows.alpha[..., None], dtype)])


def _colored(rows: Picture, dtype: np.dtype[Any], order: str, channels: int) -> NDArray[Any]:
    """Samples (H, W, channels), with alpha or without, the colors in their `order`."""
    samples, code = _samples(rows.rgb, dtype), _FROM_RGB.get((order, channels))
    # Several times faster than gathering channels of one array each.
    whole = samples if code is None else cv2.cvtColor(samples, code)
    if channels in _WITH_ALPHA and rows.alpha is not None:
        cv2.insertChannel(_samples(rows.alpha[..., None], dtype), whole, channels - 1)
    return whole
