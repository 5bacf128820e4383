"""GIF files: read and written again, or an error of one item."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from tests.fuzz.pictures import SCENE, encoded, read_and_write


def seeds() -> Iterator[bytes]:
    """One frame, and several."""
    yield encoded("gif")
    yield encoded("gif", transparency=3, comment=b"text")
    frames = [Image.fromarray(SCENE + shift) for shift in range(3)]
    data = io.BytesIO()
    frames[0].save(data, "gif", save_all=True, append_images=frames[1:])
    yield data.getvalue()


def one_input(data: bytes) -> None:
    """Raises what `read_and_write` raises."""
    read_and_write(data, "out.png")
