"""JPEG 2000 (ISO/IEC 15444-1), by OpenCV's OpenJPEG, and small ones by Pillow's; metadata is in boxes of the file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganfx.files.chunks import boxes
from ganfx.files.codecs.parts import Admit, CodecError, Decoded, Parts, spread, three_dimensional
from ganfx.files.regular import open_regular

_CODESTREAM = b"\xff\x4f\xff\x51"
_SIZ_BYTES = 36
# As many bytes as it takes, in thousandths.
_REVERSIBLE = 1000
# OpenCV halves pictures five times.
_LEAST_SIDE = 32
_RESTRICTED_ICC, _ANY_ICC = 2, 3
_EXIF_UUID, _XMP_UUID = b"JpgTiffExif->JP2", bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def decode(path: Path, admit: Admit) -> Decoded:
    """A picture of 8 or 16 bits. Raises CodecError."""
    with open_regular(path) as file:
        data = file.read()
    width, height, bands, bits = _described(data)
    admit(width, height, bands * 12)
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None:
        raise CodecError("its pixels are damaged, or cut off")
    samples = three_dimensional(found)
    if samples.shape[2] > 2:
        samples = samples[..., [2, 1, 0, 3][: samples.shape[2]]]
    if samples.dtype != np.uint8 and 8 < bits < 16:
        samples = spread(samples, 2**bits - 1)
    return Decoded(samples, "grey" if samples.shape[2] < 3 else "rgb", _metadata(data))


def encode(samples: NDArray[Any], parts: Parts) -> bytes:
    """A JP2 of 8 or 16 bits, in which all samples are as they were. Raises CodecError."""
    write = _opencv if min(samples.shape[:2]) >= _LEAST_SIDE else _pillow
    return _with_metadata(write(samples), parts.metadata)


def _opencv(samples: NDArray[Any]) -> bytes:
    ordered = np.ascontiguousarray(samples[..., [2, 1, 0, 3][: samples.shape[2]]])
    is_done, found = cv2.imencode(".jp2", ordered, [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, _REVERSIBLE])
    if not is_done:
        raise CodecError("OpenJPEG refuses it")
    return found.tobytes()


def _pillow(samples: NDArray[Any]) -> bytes:
    if samples.dtype != np.uint8:
        raise CodecError(f"with 16 bits, JPEG 2000 is written from {_LEAST_SIDE} pixels a side on")
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "JPEG2000", no_jp2=False, num_resolutions=1)
    return file.getvalue()


def _with_metadata(data: bytes, metadata: dict[str, Any]) -> bytes:
    """The file with the color profile in place of the stated color space, and with EXIF and XMP before the pixels."""
    made = list[bytes]()
    for box in boxes(data, 0, len(data)):
        content = data[box.start : box.end]
        if box.name == b"jp2h" and "icc" in metadata:
            color = bytes([_RESTRICTED_ICC, 0, 0]) + metadata["icc"]
            inner = {part.name: content[part.start : part.end] for part in boxes(content, 0, len(content))}
            content = b"".join(_box(name, color if name == b"colr" else kept) for name, kept in inner.items())
        if box.name == b"jp2c":
            if "exif" in metadata:
                made.append(_box(b"uuid", _EXIF_UUID + metadata["exif"].removeprefix(b"Exif\0\0")))
            if "xmp" in metadata:
                made.append(_box(b"uuid", _XMP_UUID + metadata["xmp"]))
        made.append(_box(box.name, content))
    return b"".join(made)


def _box(name: bytes, content: bytes) -> bytes:
    size = len(content) + 8
    if size < 2**32:
        return size.to_bytes(4, "big") + name + content
    return (1).to_bytes(4, "big") + name + (size + 8).to_bytes(8, "big") + content


def _described(data: bytes) -> tuple[int, int, int, int]:
    """Width, height, channels and bits of the codestream."""
    at = data.find(_CODESTREAM)
    siz = data[at + 4 : at + 4 + _SIZ_BYTES + 4]
    if at < 0 or len(siz) < _SIZ_BYTES + 4:
        raise CodecError("there is no codestream")
    right, bottom, left, top = (int.from_bytes(siz[i : i + 4], "big") for i in (4, 8, 12, 16))
    bands, bits = int.from_bytes(siz[36:38], "big"), (siz[38] & 0x7F) + 1
    if not 1 <= bands <= 4:
        raise CodecError(f"{bands} channels")
    return right - left, bottom - top, bands, bits


def _metadata(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for box in boxes(data, 0, len(data)):
        if box.name == b"jp2h":
            for inner in boxes(data, box.start, box.end):
                if inner.name == b"colr" and data[inner.start] in (_RESTRICTED_ICC, _ANY_ICC):
                    found.setdefault("icc", data[inner.start + 3 : inner.end])
        elif box.name == b"uuid":
            kind, content = data[box.start : box.start + 16], data[box.start + 16 : box.end]
            if kind == _EXIF_UUID:
                found["exif"] = content
            elif kind == _XMP_UUID:
                found["xmp"] = content
    return found
