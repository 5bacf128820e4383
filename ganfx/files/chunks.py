"""The parts that files of pictures are made of, found by following the files' structure and never by their bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ganfx.files.directories import ByteBlock

# More parts than any encoder writes: a gigabyte of PNG has 2**17.
_MOST = 2**18
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RIFF, _JPEG = b"RIFF", b"\xff\xd8"
_START_OF_SCAN, _END, _WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, *range(0xD0, 0xD8))


class Chunk(NamedTuple):
    """A part's name (of JPEG the marker), the offset of its content, and the content's length in bytes."""

    name: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


def png_chunks(block: ByteBlock) -> Iterator[Chunk]:
    """The whole chunks of a PNG file; none where it is no PNG."""
    at = len(PNG_SIGNATURE) if block[: len(PNG_SIGNATURE)] == PNG_SIGNATURE else len(block)
    for _ in range(_MOST):
        head = block[at : at + 8]
        chunk = Chunk(bytes(head[4:8]), at + 8, int.from_bytes(head[:4], "big"))
        if len(head) < 8 or chunk.end + 4 > len(block):
            return
        yield chunk
        at = chunk.end + 4


def png_chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file, with its length and its checksum."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def webp_chunks(block: ByteBlock) -> Iterator[Chunk]:
    """The whole chunks of a WebP file; none where it is no WebP."""
    head = block[:12]
    at = 12 if head[:4] == _RIFF and head[8:12] == b"WEBP" else len(block)
    for _ in range(_MOST):
        head = block[at : at + 8]
        chunk = Chunk(bytes(head[:4]), at + 8, int.from_bytes(head[4:8], "little"))
        if len(head) < 8 or chunk.end > len(block):
            return
        yield chunk
        at = chunk.end + chunk.size % 2


def jpeg_segments(block: ByteBlock) -> Iterator[Chunk]:
    """The whole segments of a JPEG file before its first scan; none where it is no JPEG."""
    at = 2 if block[:2] == _JPEG else len(block)
    for _ in range(_MOST):
        head = block[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] in (_START_OF_SCAN, _END):
            return
        if head[1] == 0xFF or head[1] in _WITHOUT_LENGTH:
            at += 1 if head[1] == 0xFF else 2
            continue
        size = int.from_bytes(head[2:4], "big") - 2
        chunk = Chunk(bytes(head[1:2]), at + 4, size)
        if size < 0 or chunk.end > len(block):
            return
        yield chunk
        at = chunk.end


def boxes(block: ByteBlock, start: int, end: int) -> Iterator[Chunk]:
    """The whole boxes of an ISO base media file (AVIF, HEIF) between two offsets."""
    at = start
    for _ in range(_MOST):
        head = block[at : min(at + 16, end)]
        if len(head) < 8:
            return
        size, begin = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, begin = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - at
        if size < begin or at + size > end:
            return
        yield Chunk(bytes(head[4:8]), at + begin, size - begin)
        at += size


def heif_item(block: ByteBlock, kind: bytes) -> Chunk | None:
    """The first item of this type in an AVIF or HEIF file, where it is stored in one piece; None: there is none."""
    meta = next((box for box in boxes(block, 0, len(block)) if box.name == b"meta"), None)
    if meta is None:
        return None
    parts = {box.name: box for box in boxes(block, meta.start + 4, meta.end)}
    if b"iinf" not in parts or b"iloc" not in parts:
        return None
    numbers = [number for number, name in _items(block, parts[b"iinf"]) if name == kind]
    places = _places(bytes(block[parts[b"iloc"].start : parts[b"iloc"].end]))
    found = next((places[number] for number in numbers if number in places), None)
    return Chunk(kind, *found) if found and sum(found) <= len(block) else None


def _items(block: ByteBlock, table: Chunk) -> Iterator[tuple[int, bytes]]:
    """The number and the type of the items in an `iinf` box."""
    wide = block[table.start : table.start + 1] != b"\0"
    for entry in boxes(block, table.start + (8 if wide else 6), table.end):
        body = bytes(block[entry.start : min(entry.end, entry.start + 16)])
        width = 2 if body[:1] == b"\2" else 4
        yield int.from_bytes(body[4 : 4 + width], "big"), body[6 + width : 10 + width]


def _places(table: bytes) -> dict[int, tuple[int, int]]:
    """The offset and the length of the items in an `iloc` box that are one piece of the file."""
    reader = _Numbers(table)
    version = reader.take(1)
    reader.take(3)
    sizes = reader.take(2)
    offset_size, length_size, base_size = (sizes >> shift & 15 for shift in (12, 8, 4))
    index_size = sizes & 15 if version in (1, 2) else 0
    found: dict[int, tuple[int, int]] = {}
    wide = 4 if version == 2 else 2
    for _ in range(min(reader.take(wide), len(table))):
        number = reader.take(wide)
        method = reader.take(2) & 15 if version in (1, 2) else 0
        reader.take(2)
        base, count = reader.take(base_size), reader.take(2)
        extents = []
        for _ in range(min(count, reader.left)):
            reader.take(index_size)
            extents.append((base + reader.take(offset_size), reader.take(length_size)))
        if len(extents) == 1 and method == 0:
            found[number] = extents[0]
    return found


class _Numbers:
    """Big-endian numbers one after the other; 0 beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return max(0, len(self._data) - self._at)

    def take(self, size: int) -> int:
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at], "big")
