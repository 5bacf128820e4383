"""EXIF and IPTC in TIFF files: libvips does not read or write the first, and damages the second."""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ganfx.files import exif
from ganfx.files.exif import Directory, Exif, ExifError, Value

# The tags of IFD0 that do not say how samples are stored.
_DESCRIPTIVE = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x013C: "HostComputer",
    0x4746: "Rating",
    0x4749: "RatingPercent",
    0x8298: "Copyright",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
    0xC4A5: "PrintImageMatching",
}
_IPTC = 0x83BB
_UNDEFINED = 7


def read_exif(path: Path) -> bytes | None:
    """The descriptive tags, camera and GPS directories of a TIFF file as an EXIF block, or None where it has none."""
    tags = _parse(path)
    main = _descriptive(tags.main)
    return exif.build(Exif(main, tags.camera, tags.gps)) if main or tags.camera or tags.gps else None


def read_iptc(path: Path) -> bytes | None:
    """The IPTC records of a TIFF file as stored, whatever the tag's type; None: it has none."""
    with _mapped(path) as block, contextlib.suppress(ExifError):
        layout, first = exif.read_layout(block)
        for entry in exif.entries(block, layout, first):
            if entry.tag == _IPTC:
                return bytes(block[entry.where : entry.where + entry.size]).rstrip(b"\0")
    return None


def _parse(path: Path) -> Exif:
    with _mapped(path) as block:
        try:
            return exif.parse(block)
        except ExifError:
            return Exif()


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as block:
        yield block


def _descriptive(tags: Directory) -> Directory:
    return {tag: value for tag, value in tags.items() if tag in _DESCRIPTIVE}


def add_tags(file: IO[bytes], block: bytes | None, iptc: bytes | None) -> None:
    """Append an EXIF block's tags and IPTC records to an open little-endian TIFF file and point to them.

    Raises ExifError where the block is damaged, OSError where the file cannot be written.
    """
    source = exif.parse(block) if block else Exif()
    head = file.read(16)
    layout, first = exif.read_layout(head)
    own, tail = _directory_at(file.fileno(), layout, first)
    main = own | _descriptive(source.main) | ({_IPTC: Value(_UNDEFINED, iptc)} if iptc else {})
    end = file.seek(0, os.SEEK_END)
    start = end + end % 8
    file.write(bytes(start - end))
    file.write(exif.lay_out(Exif(main, source.camera, source.gps), layout, start, tail))
    file.seek(8 if layout.big else 4)
    file.write(layout.pointer.pack(start))


def _directory_at(descriptor: int, layout: exif.Layout, offset: int) -> tuple[Directory, int]:
    """The directory at `offset` and the offset of the next one."""
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as block:
        tags: dict[int, Value] = exif.directory(block, layout, offset)
        (count,) = layout.count.unpack_from(block, offset)
        at = offset + layout.count.size + count * layout.entry.size
        try:
            return tags, layout.pointer.unpack_from(block, at)[0]
        except struct.error as error:
            raise ExifError("cut off") from error
