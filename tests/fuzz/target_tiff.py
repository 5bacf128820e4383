"""TIFF files and their directories: read and written again, or an error of one item."""

from __future__ import annotations

from collections.abc import Iterator

import pyvips

from tests.files import hostile
from tests.fuzz.pictures import SCENE, encoded, exif, read_and_write


def seeds() -> Iterator[bytes]:
    """Strips and tiles, classic and big, with and without metadata."""
    yield hostile.tiff()
    yield encoded("tiff", exif=exif(3))
    yield encoded("tiff", mode="L", compression="packbits")
    yield encoded("tiff", mode="CMYK")
    image = pyvips.Image.new_from_array(SCENE).copy(interpretation="srgb")
    for options in ({"bigtiff": True}, {"tile": True, "tile_width": 16, "tile_height": 16, "compression": "deflate"}):
        yield image.tiffsave_buffer(**options)
    yield (image.cast("float") / 255).copy(interpretation="scrgb").tiffsave_buffer()


def one_input(data: bytes) -> None:
    """Raises what `read_and_write` raises."""
    read_and_write(data, "out.tif")
