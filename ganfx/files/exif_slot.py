"""EXIF blocks written into finished files byte for byte.

Encoders take EXIF only through libexif, which drops tags that it does not know (Rating, HostComputer and others) and
moves maker notes, which breaks their offsets. So an encoder gets a placeholder of the right length, which the block
itself overwrites afterwards, in JPEG, PNG, WebP and AVIF alike.
"""

from __future__ import annotations

import functools
import zlib
from typing import IO

import pyvips

from ganfx.errors import OutputError
from ganfx.files.chunks import Chunk, heif_item, jpeg_segments, png_chunks, webp_chunks
from ganfx.files.directories import FileBlock, Value
from ganfx.files.exif import PREFIX, Exif, build
from ganfx.files.formats import Format

_MAKER_NOTE, _UNDEFINED = 0x927C, 7
_MARK = b"ganfx: the EXIF block belongs here"
# AVIF's: the offset of the block, and EXIF's own prefix.
_LONGEST_PREFIX = 4 + len(PREFIX) + 4


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


def fill(file: IO[bytes], block: bytes, form: Format) -> None:
    """Overwrite the placeholder in the open file with `block`. Raises OSError; OutputError where there is none."""
    stored = block.removeprefix(PREFIX).ljust(_stored_length(block), b"\0")
    data = FileBlock(file)
    chunk = _FINDERS[form.name](data)
    start = _start_in(bytes(data[chunk.start : chunk.end])) if chunk else None
    if chunk is None or start is None or start + len(stored) > chunk.size:
        raise OutputError("the encoder left EXIF out", hint="--strip-metadata writes the picture without it")
    file.seek(chunk.start + start)
    file.write(stored)
    if form.name == "PNG":
        file.write(zlib.crc32(chunk.name + stored).to_bytes(4, "big"))


def _start_in(content: bytes) -> int | None:
    """Where the placeholder begins in the content of its chunk: behind a prefix of EXIF's or of the format's."""
    start = content.find(b"II*\0", 0, _LONGEST_PREFIX)
    return start if start >= 0 and _MARK in content else None


def _in_jpeg(data: FileBlock) -> Chunk | None:
    segments = (chunk for chunk in jpeg_segments(data) if chunk.name == b"\xe1")
    return next((chunk for chunk in segments if data[chunk.start : chunk.start + len(PREFIX)] == PREFIX), None)


def _in_png(data: FileBlock) -> Chunk | None:
    return next((chunk for chunk in png_chunks(data) if chunk.name == b"eXIf"), None)


def _in_webp(data: FileBlock) -> Chunk | None:
    return next((chunk for chunk in webp_chunks(data) if chunk.name == b"EXIF"), None)


def _in_avif(data: FileBlock) -> Chunk | None:
    return heif_item(data, b"Exif")


_FINDERS = {"JPEG": _in_jpeg, "PNG": _in_png, "WebP": _in_webp, "AVIF": _in_avif}
