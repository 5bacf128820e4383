"""EXIF blocks written into finished files byte for byte.

Encoders take EXIF only through libexif, which drops tags that it does not know (Rating, HostComputer and others) and
moves maker notes, which breaks their offsets. So an encoder gets a placeholder of the right length, which the block
itself overwrites afterwards, in JPEG, PNG, WebP and AVIF alike.
"""

from __future__ import annotations

import functools
import mmap
import zlib
from typing import IO

import pyvips

from ganfx.errors import OutputError
from ganfx.files.exif import PREFIX, Exif, Value, build

_MAKER_NOTE, _UNDEFINED = 0x927C, 7
_MARK = b"ganfx: the EXIF block belongs here"
_PNG_CHUNK = b"eXIf"


def placeholder(block: bytes) -> bytes:
    """An EXIF block that encoders will store in as many bytes as `block` needs, or a few more."""
    return _marked(_stored_length(block) - _overhead())


def _stored_length(block: bytes) -> int:
    length = max(len(block.removeprefix(PREFIX)), _overhead())
    return length + (length - _overhead()) % 2


def _marked(padding: int) -> bytes:
    return build(Exif(camera={_MAKER_NOTE: Value(_UNDEFINED, _MARK + bytes(padding))}))


@functools.cache
def _overhead() -> int:
    """How much longer than its padding libexif makes a placeholder."""
    image = pyvips.Image.black(1, 1, bands=3).copy(interpretation="srgb")
    image.set_type(pyvips.GValue.blob_type, "exif-data", _marked(0))
    stored = pyvips.Image.new_from_buffer(image.jpegsave_buffer(keep="exif"), "").get("exif-data")
    return len(stored.removeprefix(PREFIX))


def fill(file: IO[bytes], block: bytes) -> None:
    """Overwrite the placeholder in the open file with `block`. Raises OSError; OutputError where there is none."""
    length = _stored_length(block)
    with mmap.mmap(file.fileno(), 0) as data:
        start = data.rfind(b"II*\0", 0, max(data.find(_MARK), 0))
        if start < 0:
            raise OutputError("the encoder left EXIF out", hint="--strip-metadata writes the picture without it")
        end = start + length
        data[start:end] = block.removeprefix(PREFIX).ljust(length, b"\0")
        if data[start - 4 : start] == _PNG_CHUNK:
            data[end : end + 4] = zlib.crc32(data[start - 4 : end]).to_bytes(4, "big")
