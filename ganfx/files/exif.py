"""EXIF blocks (TIFF structures): updated in place, parsed, and built."""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ganfx.files.directories import (
    LONG,
    MAX_BYTES,
    RATIONAL,
    SHORT,
    ByteBlock,
    Directory,
    Entry,
    ExifError,
    Layout,
    Value,
    directory,
    end_of_entries,
    entries,
    read_layout,
    total_bytes,
)

PREFIX = b"Exif\0\0"
ORIENTATION, EXIF_POINTER, GPS_POINTER, INTEROP_POINTER = 0x0112, 0x8769, 0x8825, 0xA005
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
PIXEL_WIDTH, PIXEL_HEIGHT = 0xA002, 0xA003
_INCH = 2


@dataclass(frozen=True)
class Exif:
    """The directories that are kept; thumbnails are not.

    main     IFD0: the picture
    camera   the EXIF directory: the exposure
    gps      the GPS directory: the place
    """

    main: Directory = field(default_factory=dict)
    camera: Directory = field(default_factory=dict)
    gps: Directory = field(default_factory=dict)


def parse(block: ByteBlock, wanted: Collection[int] | None = None, *, may_be_big: bool = False) -> Exif:
    """Read an EXIF block or a whole TIFF file (its first page). Raises ExifError.

    wanted       the only tags of the main directory that are read, besides the pointers to the others; None: all
    may_be_big   BigTIFF is allowed
    """
    block = block.removeprefix(PREFIX) if isinstance(block, bytes) else block
    layout, first = read_layout(block, may_be_big=may_be_big)
    left = min(len(block), MAX_BYTES)
    also = None if wanted is None else {*wanted, EXIF_POINTER, GPS_POINTER}
    main = directory(block, layout, first, also, most_bytes=left)
    left -= total_bytes(main)

    def below(pointer: int) -> Directory:
        value = main.pop(pointer, None)
        return directory(block, layout, int(value.number), most_bytes=left) if value else {}

    camera = below(EXIF_POINTER)
    left -= total_bytes(camera)
    gps = below(GPS_POINTER)
    camera.pop(INTEROP_POINTER, None)
    return Exif(main, camera, gps)


def build(exif: Exif) -> bytes:
    """The EXIF block (with its prefix) that holds `exif`."""
    layout = Layout("<")
    return PREFIX + b"II*\0\x08\0\0\0" + lay_out(exif, layout, 8)


def lay_out(exif: Exif, layout: Layout, start: int, tail: int = 0) -> bytes:
    """`exif` as directories at the offset `start` of a little-endian file, the main one first; `tail` is the offset of
    the directory after it, 0: none."""
    main = dict(exif.main)
    pointers = {EXIF_POINTER: exif.camera, GPS_POINTER: exif.gps}
    used = {tag: part for tag, part in pointers.items() if part}
    main |= {tag: Value(LONG, bytes(4)) for tag in used}
    at = start + len(_directory_bytes(main, layout, start))
    parts = b""
    for tag, part in used.items():
        main[tag] = Value(LONG, struct.pack("<I", at + len(parts)))
        parts += _directory_bytes(part, layout, at + len(parts))
    return _directory_bytes(main, layout, start, tail) + parts


def _directory_bytes(tags: Mapping[int, Value], layout: Layout, start: int, tail: int = 0) -> bytes:
    room = layout.pointer.size
    rows, values = bytearray(), bytearray()
    free = start + layout.count.size + layout.entry.size * len(tags) + room
    for tag, value in sorted(tags.items()):
        inline = value.data
        if len(inline) > room:
            inline = layout.pointer.pack(free + len(values))
            values += value.data + bytes(len(value.data) % 2)
        rows += layout.entry.pack(tag, value.kind, value.count, inline)
    return layout.count.pack(len(tags)) + bytes(rows) + layout.pointer.pack(tail) + bytes(values)


def resolution(dpi: tuple[float, float]) -> Directory:
    """The tags that state a resolution in dots per inch."""
    x, y = (Value(RATIONAL, struct.pack("<II", *_fraction(side))) for side in dpi)
    return {X_RESOLUTION: x, Y_RESOLUTION: y, RESOLUTION_UNIT: Value(SHORT, struct.pack("<H", _INCH))}


def _fraction(number: float) -> tuple[int, int]:
    return max(0, min(round(number * 1000), 2**32 - 1)), 1000


def refreshed(block: bytes, width: int, height: int, dpi: tuple[float, float] | None = None) -> bytes:
    """The block for an upright picture of the given size: orientation 1, pixel dimensions, dpi, no thumbnail.

    Only tags that are there are changed, and all others keep their positions, so that offsets inside maker notes stay
    valid. Raises ExifError, also where that cannot be done without a change to other tags.
    """
    inner = bytearray(block.removeprefix(PREFIX))
    before = parse(bytes(inner))
    layout, first = read_layout(inner)
    main, camera = list(entries(inner, layout, first)), _camera_entries(inner, layout, first)
    stated = {X_RESOLUTION: dpi[0], Y_RESOLUTION: dpi[1], RESOLUTION_UNIT: _INCH} if dpi else {}
    sizes = {PIXEL_WIDTH: width, PIXEL_HEIGHT: height}
    _overwrite(inner, layout, main, {ORIENTATION: 1, **stated})
    _overwrite(inner, layout, camera, sizes)
    _drop_thumbnail(inner, layout, first, [*main, *camera])
    after = parse(bytes(inner))
    if not (
        _without(before.main, {ORIENTATION, *stated}) == _without(after.main, {ORIENTATION, *stated})
        and _without(before.camera, sizes) == _without(after.camera, sizes)
        and before.gps == after.gps
    ):
        raise ExifError("values that share their bytes")
    return PREFIX + bytes(inner)


def _camera_entries(block: ByteBlock, layout: Layout, first: int) -> list[Entry]:
    pointer = directory(block, layout, first, (EXIF_POINTER,)).get(EXIF_POINTER)
    return list(entries(block, layout, int(pointer.number))) if pointer else []


def _without(tags: Directory, changed: Collection[int]) -> Directory:
    return {tag: value for tag, value in tags.items() if tag not in changed}


def _drop_thumbnail(block: bytearray, layout: Layout, first: int, values: Collection[Entry]) -> None:
    """End the chain of directories after the first; some programs leave out its end, and values begin there."""
    at = end_of_entries(block, layout, first)
    end = at + layout.pointer.size
    if end <= len(block) and not any(entry.where < end and entry.end > at for entry in values):
        layout.pointer.pack_into(block, at, 0)


def _overwrite(block: bytearray, layout: Layout, found: Collection[Entry], numbers: Mapping[int, float]) -> None:
    for entry in found:
        number = numbers.get(entry.tag)
        if number is None or not math.isfinite(number):
            continue
        if entry.kind == RATIONAL and entry.size >= 8:
            struct.pack_into(layout.order + "II", block, entry.where, *_fraction(number))
        elif entry.kind == SHORT and entry.size >= 2:
            struct.pack_into(layout.order + "H", block, entry.where, min(round(number), 2**16 - 1))
        elif entry.kind == LONG and entry.size >= 4:
            struct.pack_into(layout.order + "I", block, entry.where, min(round(number), 2**32 - 1))
