"""JPEG 2000 (ISO/IEC 15444-1), by OpenCV, which has OpenJPEG; the color profile is in boxes of the file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ganfx.files.chunks import boxes
from ganfx.files.codecs.parts import Admit, CodecError, Decoded, spread, three_dimensional
from ganfx.files.regular import open_regular

_CODESTREAM = b"\xff\x4f\xff\x51"
_SIZ_BYTES = 36
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
