"""Metadata and files made to hurt who reads them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable

import numpy as np
from PIL import Image

SCENE = np.random.default_rng(5).integers(0, 256, (16, 24, 3), np.uint8)
ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7

Tag = tuple[int, int, int, bytes | int]


def directory(tags: Iterable[Tag], order: str = "<", *, tail: bytes = bytes(4)) -> bytes:
    """A TIFF directory of (tag, type, count, four bytes or a number); `tail` is the pointer to the next one."""
    rows = b""
    count = 0
    for tag, kind, many, value in tags:
        inline = value.ljust(4, b"\0") if isinstance(value, bytes) else struct.pack(order + "I", value)
        rows += struct.pack(order + "HHI", tag, kind, many) + inline
        count += 1
    return struct.pack(order + "H", count) + rows + tail


def block(body: bytes, order: str = "<", magic: int = 42, first: int = 8) -> bytes:
    """A TIFF structure whose first directory is at `first`."""
    return (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", magic, first) + body


def of_shared_bytes(order: str = ">", tags: int = 4096, kind: int = SHORT, total: int = 65_500) -> bytes:
    """An EXIF block of `total` bytes in which each of the tags claims all of them."""
    unit = {ASCII: 1, SHORT: 2, RATIONAL: 8, UNDEFINED: 1}[kind]
    rows = ((0x9000 + i, kind, (total - 8) // unit, 8) for i in range(tags))
    return block(directory(rows, order), order).ljust(total, b"\1")


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG of SCENE with these (marker, content) before all others."""
    data = io.BytesIO()
    Image.fromarray(SCENE).save(data, "jpeg", quality=95)
    stored = data.getvalue()
    made = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments)
    return stored[:2] + made + stored[2:]


def with_exif(block: bytes) -> bytes:
    """A JPEG of SCENE with this EXIF block."""
    return jpeg((0xE1, b"Exif\0\0" + block))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of SCENE with these (name, content) before its pixels."""
    data = io.BytesIO()
    Image.fromarray(SCENE).save(data, "png")
    stored = data.getvalue()
    made = b"".join(png_chunk(name, body) for name, body in chunks)
    return stored[:33] + made + stored[33:]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int, *, interlaced: bool = False) -> bytes:
    """A PNG whose pixels are one bit of black each, in a few bytes per megapixel."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, interlaced)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1 + (width + 7) // 8)) for _ in range(0 if interlaced else height))
    body += packer.flush()
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, part) for name, part in chunks)


def tiff(tags: Iterable[Tag] = (), parts: bytes = b"") -> bytes:
    """A TIFF of SCENE with more tags in its directory; `parts` begins at the offset PARTS."""
    height, width, _ = SCENE.shape
    pixels = SCENE.tobytes()
    bits = PARTS - 6
    own = [(256, LONG, 1, width), (257, LONG, 1, height), (258, SHORT, 3, bits), (259, SHORT, 1, 1)]
    own += [(262, SHORT, 1, 2), (273, LONG, 1, 8), (277, SHORT, 1, 3), (278, LONG, 1, height)]
    own += [(279, LONG, 1, len(pixels))]
    before = pixels.ljust(bits - 8, b"\0") + struct.pack("<3H", 8, 8, 8) + parts
    before += bytes(len(before) % 2)
    return block(before + directory(sorted([*own, *tags], key=lambda row: row[0])), first=8 + len(before))


PARTS = 8 + SCENE.size + 6


def webp_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The (name, content) of the chunks of a WebP file."""
    found, at = [], 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((name, data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found
