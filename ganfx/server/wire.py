"""The binary format of requests to /v1/apply and of their responses.

A request body is: length of the JSON header (4 bytes, little-endian), the header (UTF-8), the pixels and, if the
header sets `mask`, the mask. Pixels are rows from the top, channels interleaved, samples little-endian, sRGB-encoded,
alpha straight (not premultiplied); the mask has one byte per pixel, 255 = fill or selected.
A response is a sequence of messages: length of a JSON text (4 bytes, little-endian), the text, and after the event
`rows` as many bytes of pixels as its field `bytes` says. docs/service.md has the events and an example in bytes.
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
# Max size of one `rows` message: small enough for the client to receive one while the next is encoded.
_SLAB_BYTES = 1 << 20
_WITH_ALPHA = (2, 4)
# OpenCV conversions to RGB, by order and channels.
_TO_RGB = {
    ("rgb", 4): cv2.COLOR_RGBA2RGB,
    ("bgr", 3): cv2.COLOR_BGR2RGB,
    ("bgr", 4): cv2.COLOR_BGRA2RGB,
}
# OpenCV conversions from RGB, by order and channels; alpha is opaque.
_FROM_RGB = {
    ("rgb", 4): cv2.COLOR_RGB2RGBA,
    ("bgr", 3): cv2.COLOR_RGB2BGR,
    ("bgr", 4): cv2.COLOR_RGB2BGRA,
}
# Slope of the sRGB curve at 0. Painting programs extend negative values (colors outside sRGB) linearly; ganfx.imaging
# mirrors the curve instead, so that negative float samples are converted.
_BLACK_SLOPE = np.float32(12.92)

_Length = Annotated[int, Field(ge=1, le=1 << 20)]
_Whole = Annotated[int, Field(ge=-(1 << 31), lt=1 << 31)]


class Header(BaseModel):
    """The JSON header of a request; unknown fields are refused.

    filter          name of the filter
    model           name of the model; None: the filter's default
    options         values by name; repeatable options as a list, or as one text with spaces
    width, height   in pixels
    channels        1 grey, 2 grey and alpha, 3 RGB, 4 RGBA
    depth           bits of a sample: 8 or 16 (unsigned integers) or 32 (floats, 1.0 is white)
    order           of the color channels
    mask            a mask follows the pixels
    canvas          (width, height) of the picture that the pixels are a part of: options that say a size mean this one.
                    None: the pixels are all of it
    layer           return a layer to be put above the picture, transparent where it shows nothing; every filter takes a
                    mask then, as the selection
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
    canvas: tuple[_Length, _Length] | None = Field(None, strict=False)
    layer: bool = False

    @model_validator(mode="after")
    def _layers_have_alpha(self) -> Header:
        if self.layer and self.channels not in _WITH_ALPHA:
            raise ValueError("layer needs alpha")
        return self

    @property
    def pixel_bytes(self) -> int:
        """Size of the pixels in bytes."""
        return self.width * self.height * self.channels * self.depth // 8

    @property
    def body_bytes(self) -> int:
        """Size of the pixels and the mask in bytes."""
        return self.pixel_bytes + (self.width * self.height if self.mask else 0)


def read_header(text: bytes) -> Header:
    """Parse the JSON `text` of a header. Raises RequestError."""
    try:
        return Header.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        line = " ".join(f"{'.'.join(map(str, first['loc']))} {first['msg']}".split())
        raise RequestError(f"the request's header is wrong: {line[:200]}") from error


def read_picture(header: Header, body: bytearray) -> Picture:
    """The picture in `body`, without alpha if all of it is opaque. NaN becomes 0, infinities 1 and 0."""
    samples = np.frombuffer(body, _DTYPES[header.depth], header.width * header.height * header.channels)
    samples = samples.reshape(header.height, header.width, header.channels)
    grey, has_alpha = header.channels < 3, header.channels in _WITH_ALPHA
    if grey:
        rgb = np.repeat(_decode(samples[..., :1]), 3, axis=2)
    else:
        code = _TO_RGB.get((header.order, header.channels))
        rgb = _decode(samples if code is None else cv2.cvtColor(samples, code))
    return Picture(
        rgb, _read_alpha(samples[..., -1]) if has_alpha else None, PictureInfo(bits=min(header.depth, 16), grey=grey)
    )


def read_mask(header: Header, body: bytearray) -> Mask | None:
    """The mask (H, W) in `body`, 0 to 1; None if the request has none."""
    if not header.mask:
        return None
    return floats_of(np.frombuffer(body, np.uint8, offset=header.pixel_bytes).reshape(header.height, header.width))


def output_channels(header: Header, *, grey: bool, alpha: bool) -> int:
    """Number of channels of a result that is grey or RGB: with alpha if it or the request has one."""
    return (1 if grey else 3) + (alpha or header.channels in _WITH_ALPHA)


def encode_rows(piece: Picture, header: Header, channels: int) -> Iterator[memoryview]:
    """The pixels of `piece` in the depth and order of `header`, in slabs of whole rows of `channels` channels."""
    dtype, grey = _DTYPES[header.depth], channels < 3
    count = max(1, _SLAB_BYTES // (piece.width * channels * dtype.itemsize))
    for top in range(0, piece.height, count):
        rows = piece.rows(top, min(top + count, piece.height))
        whole = _encode_grey(rows, dtype, channels) if grey else _encode_color(rows, dtype, header.order, channels)
        yield whole.data.cast("B")


def encode_message(event: str, **fields: Any) -> bytes:
    """One response message, without the pixels that may follow."""
    text = json.dumps({"event": event, **fields}).encode()
    return LENGTH.pack(len(text)) + text


def _read_alpha(samples: NDArray[Any]) -> Floats | None:
    """Alpha (H, W), None if all is opaque: the pipeline then skips it, and the result stays opaque."""
    return None if (samples >= _max_value(samples.dtype)).all() else np.clip(_decode(samples), 0, 1)


def _decode(samples: NDArray[Any]) -> Floats:
    values = floats_of(samples)
    if samples.dtype.kind == "f":
        values = np.nan_to_num(values, copy=False, nan=0, posinf=1, neginf=0)
        below = values < 0
        values[below] = encode_srgb(values[below] / _BLACK_SLOPE)
    return values


def _encode(values: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Floats (H, W, C) as samples of `dtype`, integers rounded to nearest."""
    if dtype.kind == "f":
        samples = np.array(values, dtype)
        samples[values < 0] = decode_srgb(values[values < 0]) * _BLACK_SLOPE
        return samples
    samples = np.empty(values.shape, dtype)
    write_samples(samples, values)
    return samples


def _max_value(dtype: np.dtype[Any]) -> int:
    """The sample value of white and of opaque alpha."""
    return 1 if dtype.kind == "f" else np.iinfo(dtype).max


def _encode_grey(rows: Picture, dtype: np.dtype[Any], channels: int) -> NDArray[Any]:
    """Samples (H, W, channels) of a grey picture; 1 or 2 channels."""
    samples = _encode(rows.rgb[..., :1], dtype)
    if channels == 1:
        return samples
    opaque = np.full_like(samples, _max_value(dtype))
    return cv2.merge([samples, opaque if rows.alpha is None else _encode(rows.alpha[..., None], dtype)])


def _encode_color(rows: Picture, dtype: np.dtype[Any], order: str, channels: int) -> NDArray[Any]:
    """Samples (H, W, channels) of a color picture in `order`; 3 or 4 channels."""
    samples, code = _encode(rows.rgb, dtype), _FROM_RGB.get((order, channels))
    # cvtColor and insertChannel are several times faster than cv2.merge of separate channels.
    whole = samples if code is None else cv2.cvtColor(samples, code)
    if channels in _WITH_ALPHA and rows.alpha is not None:
        cv2.insertChannel(_encode(rows.alpha[..., None], dtype), whole, channels - 1)
    return whole
