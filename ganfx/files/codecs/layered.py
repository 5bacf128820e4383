"""KRA (Krita) and ORA (OpenRaster): archives of layers, with a PNG of all of them merged."""

from __future__ import annotations

import struct
import tempfile
import zipfile
from pathlib import Path

from ganfx.files import metadata
from ganfx.files.codecs.parts import Admit, CodecError, Decoded, three_dimensional
from ganfx.files.formats import PNG
from ganfx.files.regular import open_regular
from ganfx.files.source import color_bands, open_upright

_MERGED = "mergedimage.png"
# Bytes of a pixel and of its decoding, bytes of metadata in a PNG, and bytes that are read at a time.
_PIXEL_BYTES, _DECODED_BYTES, _METADATA_BYTES, _CHUNK_BYTES = 8, 24, 2**25, 2**20
_IHDR = slice(16, 24)


def decode(path: Path, admit: Admit) -> Decoded:
    """The merged picture. Raises CodecError, UnreadableError and PictureSizeError."""
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
        place = Path(folder) / _MERGED
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            _extract(archive, place, admit)
        image, notes = open_upright(place, PNG)
        found, more = metadata.gather(image, place, PNG)
        kept = {key: value for key, value in found.items() if key in ("icc", "exif", "xmp")}
        samples = three_dimensional(image.numpy())
        space = "grey" if color_bands(image) == 1 else "rgb"
    return Decoded(samples, space, kept, dpi=found.get("dpi"), notes=(*notes, *more))  # type: ignore[arg-type]


def _extract(archive: zipfile.ZipFile, place: Path, admit: Admit) -> None:
    """Write the merged picture, as far as its size in pixels lets it be long."""
    try:
        member = archive.getinfo(_MERGED)
    except KeyError as error:
        raise CodecError("it has no merged picture: save it with one") from error
    with archive.open(member) as source, place.open("wb") as target:
        data = source.read(_CHUNK_BYTES)
        width, height = struct.unpack(">II", data[_IHDR].ljust(8, b"\0"))
        admit(width, height, _DECODED_BYTES)
        left = (width * _PIXEL_BYTES + 1) * height + _METADATA_BYTES
        while data and left > 0:
            target.write(data)
            left -= len(data)
            data = source.read(_CHUNK_BYTES)
