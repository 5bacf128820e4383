"""AVIF files and their boxes: read and written again, or an error of one item."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.pictures import animated, encoded, exif, read_and_write


def seeds() -> Iterator[bytes]:
    """Small pictures with and without metadata and alpha."""
    yield encoded("avif", speed=10)
    yield animated("AVIF", speed=10)
    yield encoded("avif", speed=10, exif=exif())
    yield encoded("avif", speed=10, mode="RGBA", exif=exif(6, ">"))


def one_input(data: bytes) -> None:
    """Raises what `read_and_write` raises."""
    read_and_write(data, "out.avif")
