"""PNG files and their chunks: read and written again, or an error of one item."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.pictures import animated, read_and_write, with_metadata


def seeds() -> Iterator[bytes]:
    """Small pictures with and without metadata."""
    yield from with_metadata("png")
    yield animated("PNG")


def one_input(data: bytes) -> None:
    """Raises what `read_and_write` raises."""
    read_and_write(data, "out.png")
