"""Text in PNG files (tEXt, zTXt, iTXt): libvips reads it as UTF-8 only, and not behind the pixels."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import IO

from ganfx.files.chunks import Chunk, png_chunk, png_chunks
from ganfx.files.directories import ByteBlock, FileBlock

Texts = tuple[tuple[str, str], ...]

# What is read of one file.
MOST_TEXTS = 500
MOST_BYTES = 8 * 2**20
_LONGEST_KEYWORD = 79
_END = b"IEND"


class TextError(Exception):
    """A text is damaged, or too much."""


def read_texts(block: ByteBlock, chunks: Iterable[Chunk]) -> tuple[Texts, bool]:
    """The pairs of keyword and text in the `chunks` of a PNG file, and whether some could not be read."""
    found: list[tuple[str, str]] = []
    left, is_incomplete = MOST_BYTES, False
    for chunk in chunks:
        if chunk.name not in _READERS:
            continue
        try:
            if chunk.size > left or len(found) == MOST_TEXTS:
                raise TextError("too much")
            keyword, _, body = bytes(block[chunk.start : chunk.end]).partition(b"\0")
            text = _READERS[chunk.name](body, left)
            left -= max(len(body), len(text))
            if keyword != _XMP:
                found.append((keyword.decode("latin-1"), text))
        except (TextError, UnicodeError, zlib.error):
            is_incomplete = True
    return tuple(found), is_incomplete


def is_plain(keyword: str, text: str) -> bool:
    """Whether libvips stores the pair unchanged."""
    return all(part.isascii() and "\0" not in part for part in (keyword, text)) and 0 < len(keyword) <= _LONGEST_KEYWORD


def add_texts(file: IO[bytes], texts: Iterable[tuple[str, str]]) -> None:
    """Add pairs to an open PNG file, at its end. Raises OSError."""
    end = next(chunk for chunk in png_chunks(FileBlock(file)) if chunk.name == _END)
    file.seek(end.start - 8)
    for keyword, text in texts:
        name = keyword.encode("latin-1", "replace")[:_LONGEST_KEYWORD] or b"Comment"
        file.write(png_chunk(b"iTXt", name + bytes(5) + text.encode()))
    file.write(png_chunk(_END, b""))


def _latin(body: bytes, left: int) -> str:
    return body.decode("latin-1")


def _compressed(body: bytes, left: int) -> str:
    return _inflated(body[1:], left).decode("latin-1")


def _international(body: bytes, left: int) -> str:
    is_compressed = body[:1] == b"\1"
    # The language and the translated keyword are in front of the text.
    text = body[2:].split(b"\0", 2)
    if len(text) < 3:
        raise TextError("cut off")
    return (_inflated(text[2], left) if is_compressed else text[2]).decode()


def _inflated(data: bytes, left: int) -> bytes:
    packer = zlib.decompressobj()
    text = packer.decompress(data, left)
    if not packer.eof:
        raise TextError("too long, or cut off")
    return text


_XMP = b"XML:com.adobe.xmp"
_READERS = {b"tEXt": _latin, b"zTXt": _compressed, b"iTXt": _international}
