"""GIF files: read and written again, or an error of one item."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.pictures import animated, encoded, read_and_write


def seeds() -> Iterator[bytes]:
    """One frame, and several."""
    yield encoded("gif")
    yield encoded("gif", transparency=3, comment=b"text")
    yield animated("GIF", disposal=2)


def one_input(data: bytes) -> None:
    """Raises what `read_and_write` raises."""
    read_and_write(data, "out.png")
