"""EXIF blocks: read, and updated for another size, or refused with ExifError."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from PIL import ExifTags, Image

from ganfx.files import exif
from ganfx.files.directories import ExifError


def seeds() -> Iterator[bytes]:
    """A camera's block in both byte orders, and the smallest one."""
    yield b"II*\0\x08\0\0\0" + bytes(6)
    for order in ("<", ">"):
        block = Image.Exif()
        block.endian = order
        block[ExifTags.Base.Orientation] = 6
        block[ExifTags.Base.Make] = "Acme"
        block[ExifTags.Base.XResolution] = block[ExifTags.Base.YResolution] = 300.0
        camera = {ExifTags.Base.ExifImageWidth: 24, ExifTags.Base.MakerNote: b"note" * 9}
        block[ExifTags.IFD.Exif] = camera
        block[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitude: (51.0, 30.0, 12.3)}
        yield block.tobytes()


def one_input(data: bytes) -> None:
    """Raises where a block that is read cannot be built anew."""
    with contextlib.suppress(ExifError):
        parsed = exif.parse(data)
        exif.parse(exif.build(parsed))
    with contextlib.suppress(ExifError):
        exif.refreshed(data, 48, 32, (300.0, 300.0))
