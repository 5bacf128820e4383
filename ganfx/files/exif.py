"""EXIF blocks (TIFF structures): updated in place, parsed, and built."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PREFIX = b"Exif\0\0"
ORIENTATION, EXIF_POINTER, GPS_POINTER, INTEROP_POINTER = 0x0112, 0x8769, 0x8825, 0xA005
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
PIXEL_WIDTH, PIXEL_HEIGHT = 0xA002, 0xA003
SHORT, LONG, RATIONAL = 3, 4, 5
_INCH = 2

# By TIFF type: bytes of one number, and numbers that make one value.
_UNITS = {1: (1, 1), 2: (1, 1), 3: (2, 1), 4: (4, 1), 5: (4, 2), 6: (1, 1), 7: (1, 1), 8: (2, 1), 9: (4, 1)}
_UNITS |= {10: (4, 2), 11: (4, 1), 12: (8, 1), 13: (4, 1), 16: (8, 1), 17: (8, 1), 18: (8, 1)}


class ExifError(Exception):
    """The block is damaged."""


@dataclass(frozen=True)
class Value:
    """One tag's TIFF type and its bytes, little-endian."""

    kind: int
    data: bytes

    @property
    def count(self) -> int:
        unit, many = _UNITS[self.kind]
        return len(self.data) // (unit * many)

    @property
    def number(self) -> float:
        """The first number, of an integer or rational type. Raises ExifError for other types."""
        try:
            if self.kind == RATIONAL:
                top, bottom = struct.unpack_from("<II", self.data)
                return float(top / bottom) if bottom else 0.0
            return float(struct.unpack_from({SHORT: "<H", LONG: "<I", 16: "<Q", 13: "<I"}[self.kind], self.data)[0])
        except (struct.error, KeyError) as error:
            raise ExifError("not a number") from error


Directory = dict[int, Value]
Block = bytes | bytearray | mmap.mmap


class _Entry(NamedTuple):
    tag: int
    kind: int
    size: int
    where: int


@dataclass(frozen=True)
class Layout:
    """The byte order and the field sizes of a TIFF structure.

    order   "<" little-endian or ">" big-endian
    big     BigTIFF, with 64-bit offsets
    """

    order: str
    big: bool = False

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def pointer(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))


def read_layout(block: Block) -> tuple[Layout, int]:
    """The layout and the offset of the first directory. Raises ExifError where `block` is no TIFF structure."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(block[:2]))
    if order is None or len(block) < 8:
        raise ExifError("no TIFF structure")
    (magic,) = struct.unpack_from(order + "H", block, 2)
    layout = Layout(order, big=magic == 43)
    return layout, layout.pointer.unpack_from(block, 8 if layout.big else 4)[0]


def entries(block: Block, layout: Layout, offset: int) -> Iterator[_Entry]:
    """The entries of the directory at `offset`, except those that point outside `block`. Raises ExifError."""
    try:
        (count,) = layout.count.unpack_from(block, offset)
        for i in range(min(count, 4096)):
            at = offset + layout.count.size + i * layout.entry.size
            tag, kind, number, inline = layout.entry.unpack_from(block, at)
            unit, many = _UNITS.get(kind, (1, 1))
            size = unit * many * number
            where = at + layout.entry.size - len(inline)
            if size > len(inline):
                (where,) = layout.pointer.unpack(inline)
            if kind in _UNITS and where + size <= len(block):
                yield _Entry(tag, kind, size, where)
    except struct.error as error:
        raise ExifError("cut off") from error


def directory(block: Block, layout: Layout, offset: int) -> Directory:
    """All tags of the directory at `offset`."""
    found: Directory = {}
    for entry in entries(block, layout, offset):
        data = bytes(block[entry.where : entry.where + entry.size])
        unit = _UNITS[entry.kind][0]
        found[entry.tag] = Value(entry.kind, data if layout.order == "<" else _swapped(data, unit))
    return found


def _swapped(data: bytes, unit: int) -> bytes:
    return b"".join(data[i : i + unit][::-1] for i in range(0, len(data), unit))


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


def parse(block: Block) -> Exif:
    """Read an EXIF block or a whole TIFF file (its first page). Raises ExifError."""
    block = block.removeprefix(PREFIX) if isinstance(block, bytes) else block
    layout, first = read_layout(block)
    main = directory(block, layout, first)

    def below(pointer: int) -> Directory:
        value = main.pop(pointer, None)
        return directory(block, layout, int(value.number)) if value else {}

    camera, gps = below(EXIF_POINTER), below(GPS_POINTER)
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
    rows, values = b"", b""
    free = start + layout.count.size + layout.entry.size * len(tags) + room
    for tag, value in sorted(tags.items()):
        inline = value.data
        if len(inline) > room:
            inline = layout.pointer.pack(free + len(values))
            values += value.data + bytes(len(value.data) % 2)
        rows += layout.entry.pack(tag, value.kind, value.count, inline)
    return layout.count.pack(len(tags)) + rows + layout.pointer.pack(tail) + values


def resolution(dpi: tuple[float, float]) -> Directory:
    """The tags that state a resolution in dots per inch."""
    x, y = (Value(RATIONAL, struct.pack("<II", *_fraction(side))) for side in dpi)
    return {X_RESOLUTION: x, Y_RESOLUTION: y, RESOLUTION_UNIT: Value(SHORT, struct.pack("<H", _INCH))}


def _fraction(number: float) -> tuple[int, int]:
    return min(round(number * 1000), 2**32 - 1), 1000


def refreshed(block: bytes, width: int, height: int, dpi: tuple[float, float] | None = None) -> bytes:
    """The block for an upright picture of the given size: orientation 1, pixel dimensions, dpi, no thumbnail.

    Only tags that are there are changed, and all others keep their positions, so that offsets inside maker notes stay
    valid. Raises ExifError.
    """
    inner = bytearray(block.removeprefix(PREFIX))
    layout, first = read_layout(inner)
    stated = {X_RESOLUTION: dpi[0], Y_RESOLUTION: dpi[1], RESOLUTION_UNIT: _INCH} if dpi else {}
    _overwrite(inner, layout, first, {ORIENTATION: 1, **stated})
    for pointer in [entry.where for entry in entries(inner, layout, first) if entry.tag == EXIF_POINTER]:
        (offset,) = layout.pointer.unpack_from(inner, pointer)
        _overwrite(inner, layout, offset, {PIXEL_WIDTH: width, PIXEL_HEIGHT: height})
    (count,) = layout.count.unpack_from(inner, first)
    layout.pointer.pack_into(inner, first + layout.count.size + count * layout.entry.size, 0)
    return PREFIX + bytes(inner)


def _overwrite(block: bytearray, layout: Layout, offset: int, numbers: Mapping[int, float]) -> None:
    for entry in entries(block, layout, offset):
        number = numbers.get(entry.tag)
        if number is None:
            continue
        if entry.kind == RATIONAL:
            struct.pack_into(layout.order + "II", block, entry.where, *_fraction(number))
        elif entry.kind in (SHORT, LONG):
            form, largest = ("H", 2**16 - 1) if entry.kind == SHORT else ("I", 2**32 - 1)
            struct.pack_into(layout.order + form, block, entry.where, min(round(number), largest))
