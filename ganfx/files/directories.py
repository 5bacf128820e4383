"""The directories of TIFF structures (EXIF blocks and TIFF files): tags and their values, read within bounds."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import IO, NamedTuple, Protocol

import numpy as np

SHORT, LONG, RATIONAL = 3, 4, 5
# A directory of more tags is no camera's.
MAX_TAGS = 1024
# Longest values of one structure in all. Those of an EXIF block cannot be longer than the block, since no two share
# their bytes; an attack has thousands that do.
MAX_BYTES = 16 * 2**20

# By TIFF type: bytes of one number, and numbers that make one value.
_UNITS = {1: (1, 1), 2: (1, 1), 3: (2, 1), 4: (4, 1), 5: (4, 2), 6: (1, 1), 7: (1, 1), 8: (2, 1), 9: (4, 1)}
_UNITS |= {10: (4, 2), 11: (4, 1), 12: (8, 1), 13: (4, 1), 16: (8, 1), 17: (8, 1), 18: (8, 1)}
_WHOLE = {SHORT: "<H", LONG: "<I", 13: "<I", 16: "<Q", 18: "<Q"}
_CLASSIC, _BIG = 42, 43


class ExifError(Exception):
    """The structure is damaged."""


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
            return float(struct.unpack_from(_WHOLE[self.kind], self.data)[0])
        except (struct.error, KeyError) as error:
            raise ExifError("not a number") from error


Directory = dict[int, Value]


class ByteBlock(Protocol):
    """Bytes, or a file that gives its bytes like them."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes | bytearray: ...


class FileBlock:
    """The bytes of an open file. Not mapped: a mapped file that is cut off meanwhile ends the process."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = file.seek(0, 2)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice, /) -> bytes:
        start, stop, _ = part.indices(self._size)
        self._file.seek(start)
        return self._file.read(max(0, stop - start))


class Entry(NamedTuple):
    """A tag's type, and its value's size in bytes and place in the structure."""

    tag: int
    kind: int
    size: int
    where: int

    @property
    def end(self) -> int:
        return self.where + self.size


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


def read_layout(block: ByteBlock, *, may_be_big: bool = False) -> tuple[Layout, int]:
    """The layout and the offset of the first directory. Raises ExifError where `block` is no TIFF structure.

    may_be_big: BigTIFF is allowed, as in files but not in EXIF blocks.
    """
    head = bytes(block[:16])
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    try:
        (magic,) = struct.unpack_from(f"{order}H", head, 2)
        if order is None or magic not in ((_CLASSIC, _BIG) if may_be_big else (_CLASSIC,)):
            raise ExifError("no TIFF structure")
        layout = Layout(order, big=magic == _BIG)
        return layout, layout.pointer.unpack_from(head, 8 if layout.big else 4)[0]
    except struct.error as error:
        raise ExifError("no TIFF structure") from error


def tag_count(block: ByteBlock, layout: Layout, offset: int) -> int:
    """How many tags the directory at `offset` has. Raises ExifError where it is cut off, or has more than MAX_TAGS."""
    head = block[offset : offset + layout.count.size] if offset < len(block) else b""
    if len(head) < layout.count.size:
        raise ExifError("cut off")
    (count,) = layout.count.unpack(head)
    if count > MAX_TAGS:
        raise ExifError(f"{count} tags")
    return int(count)


def end_of_entries(block: ByteBlock, layout: Layout, offset: int) -> int:
    """Where the entries of the directory at `offset` end, and the offset of the next directory is. Raises ExifError."""
    return offset + layout.count.size + tag_count(block, layout, offset) * layout.entry.size


def entries(block: ByteBlock, layout: Layout, offset: int) -> Iterator[Entry]:
    """The entries of the directory at `offset`, except those that point outside `block`. Raises ExifError."""
    begin, end = offset + layout.count.size, end_of_entries(block, layout, offset)
    table = bytes(block[begin:end])
    if len(table) < end - begin:
        raise ExifError("cut off")
    for i, (tag, kind, number, inline) in enumerate(layout.entry.iter_unpack(table)):
        if kind not in _UNITS:
            continue
        unit, many = _UNITS[kind]
        size = unit * many * number
        where = begin + (i + 1) * layout.entry.size - len(inline)
        if size > len(inline):
            (where,) = layout.pointer.unpack(inline)
        if where + size <= len(block):
            yield Entry(tag, kind, size, where)


def directory(
    block: ByteBlock,
    layout: Layout,
    offset: int,
    wanted: Collection[int] | None = None,
    *,
    most_bytes: int | None = None,
) -> Directory:
    """The tags of the directory at `offset`, or those of them that are `wanted`.

    Raises ExifError where it is cut off, or the values have more than `most_bytes` (None: any number) in all.
    """
    found: Directory = {}
    total = 0
    for entry in entries(block, layout, offset):
        if wanted is not None and entry.tag not in wanted:
            continue
        total += entry.size
        if most_bytes is not None and total > most_bytes:
            raise ExifError("values that share their bytes")
        data = bytes(block[entry.where : entry.end])
        found[entry.tag] = Value(entry.kind, data if layout.order == "<" else _swapped(data, _UNITS[entry.kind][0]))
    return found


def total_bytes(tags: Directory) -> int:
    """The bytes of all values."""
    return sum(len(value.data) for value in tags.values())


def _swapped(data: bytes, unit: int) -> bytes:
    """Big-endian numbers of `unit` bytes as little-endian ones."""
    return np.frombuffer(data, f">u{unit}").astype(f"<u{unit}").tobytes()
