"""The structures of files: every walk through them ends, and stays inside."""

from __future__ import annotations

from collections.abc import Iterator

from ganfx.files import metadata, png_text
from ganfx.files.chunks import boxes, heif_item, jpeg_segments, png_chunks, webp_chunks
from tests.files import hostile
from tests.fuzz.pictures import encoded, exif


def seeds() -> Iterator[bytes]:
    """A file of each structure, and Photoshop's blocks."""
    for form in ("jpeg", "webp", "png", "avif"):
        yield encoded(form, exif=exif())
    yield hostile.png(
        (b"tEXt", b"Author\0Ada"), (b"iTXt", b"Title\0\0\0\0\0text"), (b"zTXt", b"More\0\0x\x9c\3\0\0\0\0\1")
    )
    yield b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x04iptc"


def one_input(data: bytes) -> None:
    """Raises where a part lies outside of the file."""
    for walk in (png_chunks, webp_chunks, jpeg_segments):
        assert all(0 <= chunk.start <= chunk.end <= len(data) for chunk in walk(data))
    assert all(0 < box.start <= box.end <= len(data) for box in boxes(data, 0, len(data)))
    item = heif_item(data, b"Exif")
    assert item is None or item.end <= len(data)
    texts, _ = png_text.read_texts(data, png_chunks(data))
    assert sum(len(keyword) + len(text) for keyword, text in texts) <= 2 * png_text.MOST_BYTES
    assert len(metadata.iptc_in(data)) <= len(data)
