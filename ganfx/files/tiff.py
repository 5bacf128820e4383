"""EXIF and IPTC in TIFF files: libvips does not read or write the first, and damages the second."""

from __future__ import annotations

import os
from typing import IO

from ganfx.files import exif
from ganfx.files.directories import (
    MAX_BYTES,
    Directory,
    ExifError,
    FileBlock,
    Layout,
    Value,
    directory,
    end_of_entries,
    entries,
    read_layout,
)
from ganfx.files.exif import Exif

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


def read_exif(block: FileBlock) -> bytes | None:
    """The descriptive tags, camera and GPS directories of a TIFF file as an EXIF block, or None where it has none.

    Raises ExifError.
    """
    tags = exif.parse(block, _DESCRIPTIVE, may_be_big=True)
    return exif.build(tags) if tags.main or tags.camera or tags.gps else None


def read_iptc(block: FileBlock) -> bytes | None:
    """The IPTC records of a TIFF file as stored, whatever the tag's type; None: it has none. Raises ExifError."""
    layout, first = read_layout(block, may_be_big=True)
    for entry in entries(block, layout, first):
        if entry.tag == _IPTC:
            if entry.size > MAX_BYTES:
                raise ExifError(f"{entry.size} bytes of IPTC")
            return bytes(block[entry.where : entry.end]).rstrip(b"\0")
    return None


def add_tags(file: IO[bytes], block: bytes | None, iptc: bytes | None) -> None:
    """Append an EXIF block's tags and IPTC records to an open little-endian TIFF file and point to them.

    Raises ExifError where the block is damaged, OSError where the file cannot be written.
    """
    source = exif.parse(block) if block else Exif()
    descriptive = {tag: value for tag, value in source.main.items() if tag in _DESCRIPTIVE}
    layout, own, tail = _first_directory(FileBlock(file))
    main = own | descriptive | ({_IPTC: Value(_UNDEFINED, iptc)} if iptc else {})
    end = file.seek(0, os.SEEK_END)
    start = end + end % 8
    file.write(bytes(start - end))
    file.write(exif.lay_out(Exif(main, source.camera, source.gps), layout, start, tail))
    file.seek(8 if layout.big else 4)
    file.write(layout.pointer.pack(start))


def _first_directory(block: FileBlock) -> tuple[Layout, Directory, int]:
    """The layout of a file, its first directory, and the offset of the next one."""
    layout, first = read_layout(block, may_be_big=True)
    at = end_of_entries(block, layout, first)
    return layout, directory(block, layout, first), layout.pointer.unpack(block[at : at + layout.pointer.size])[0]
