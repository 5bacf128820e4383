"""BMP and TGA, by Pillow; BMP is written here."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganfx.files.codecs.parts import Admit, Decoded, Parts, Space, three_dimensional
from ganfx.files.regular import open_regular

_MODES: dict[str, tuple[str, Space]] = {"1": ("L", "grey"), "L": ("L", "grey"), "LA": ("LA", "grey")}
_INCHES_PER_METER = 39.3701
# Memory that decoding was seen to take.
_PIXEL_BYTES = 18
# BITMAPFILEHEADER, BITMAPV4HEADER, and its bit masks and color space for straight alpha.
_FILE_HEAD, _HEAD = struct.Struct("<2sIHHI"), struct.Struct("<IiiHHIIiiII")
_V4_BYTES, _PLAIN_BYTES, _BIT_FIELDS = 108, 40, 3
_MASKS = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)


def decode(path: Path, admit: Admit) -> Decoded:
    """A picture as 8-bit grey or RGB, with alpha where it has one. Raises what Pillow raises."""
    Image.MAX_IMAGE_PIXELS = None  # `admit` decides
    with open_regular(path) as file, Image.open(file, formats=("BMP", "TGA")) as image:
        admit(image.width, image.height, _PIXEL_BYTES)
        dpi = image.info.get("dpi")
        image.load()
        has_alpha = image.mode.endswith("A") or "transparency" in image.info
        mode, space = _MODES.get(image.mode, ("RGBA" if has_alpha else "RGB", "rgb"))
        return Decoded(three_dimensional(np.asarray(image.convert(mode))), space, dpi=_plausible(dpi))


def encode(samples: NDArray[Any], parts: Parts) -> bytes:
    """A BMP file of 24 bits, or of 32 with alpha."""
    height, width, bands = samples.shape
    row_bytes = (width * bands + 3) // 4 * 4
    rows = np.zeros((height, row_bytes), np.uint8)
    order = [2, 1, 0, 3][:bands]
    rows[:, : width * bands] = samples[::-1, :, order].reshape(height, -1)
    per_meter = [round(side * _INCHES_PER_METER) for side in parts.metadata.get("dpi", (72.0, 72.0))]
    size, method = (_V4_BYTES, _BIT_FIELDS) if bands == 4 else (_PLAIN_BYTES, 0)
    start = _FILE_HEAD.size + size
    head = _HEAD.pack(size, width, height, 1, bands * 8, method, rows.nbytes, *per_meter, 0, 0)
    masks = _MASKS if bands == 4 else b""
    return _FILE_HEAD.pack(b"BM", (start + rows.nbytes) & 0xFFFFFFFF, 0, 0, start) + head + masks + rows.tobytes()


def _plausible(dpi: tuple[float, float] | None) -> tuple[float, float] | None:
    return (round(float(dpi[0]), 2), round(float(dpi[1]), 2)) if dpi and min(dpi) > 1 else None
