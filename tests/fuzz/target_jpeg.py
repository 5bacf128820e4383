"""JPEG files and their segments: read and written again, or an error of one item."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.pictures import read_and_write, with_metadata


def seeds() -> Iterator[bytes]:
    """Small pictures with and without metadata."""
    yield from with_metadata("jpeg")


def one_input(data: bytes) -> None:
    """Raises what `read_and_write` raises."""
    read_and_write(data, "out.jpg")
