"""PSD and PSB: the merged picture that Photoshop stores for other programs.

Its samples are stored as those of a TIFF file are, a channel after the other: so they are read as one.
(https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/)
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import pyvips
from numpy.typing import NDArray

from ganfx.files.codecs.parts import Admit, CodecError, Decoded, Space, three_dimensional
from ganfx.files.regular import open_regular

_HEAD = struct.Struct(">4sH6xHIIHH")
_GREY, _INDEXED, _RGB, _CMYK = 1, 2, 3, 4
_COLORS: dict[int, tuple[int, Space]] = {_GREY: (1, "grey"), _RGB: (3, "rgb"), _CMYK: (4, "cmyk")}
_NAMES = {0: "a bitmap", 2: "indexed colors", 7: "several channels", 8: "a duotone", 9: "Lab colors"}
_RAW, _PACKED = 0, 1
_RESOURCES = {0x040F: "icc", 0x0422: "exif", 0x0424: "xmp", 0x0404: "iptc"}
_RESOLUTION = 0x03ED
_MOST_RESOURCES, _MOST_BYTES = 4096, 16 * 2**20
_COPIED_BYTES = 2**20
# Of the samples, which are in memory at once.
_COPIES = 6
# Of TIFF.
_TIFF_HEAD = struct.Struct(">2sHHHQ")
_SHORT, _LONG8, _PACKBITS, _NOT_PACKED, _PLANAR, _STRAIGHT_ALPHA, _FLOATS = 3, 16, 32773, 1, 2, 2, 3
_PHOTOMETRIC = {_GREY: 1, _RGB: 2, _CMYK: 5}


class _Head(NamedTuple):
    version: int
    channels: int
    height: int
    width: int
    depth: int
    mode: int


def decode(path: Path, admit: Admit) -> Decoded:
    """The merged picture. Raises CodecError."""
    with open_regular(path) as file:
        head = _head(file)
        colors, space = _COLORS[head.mode]
        admit(head.width, head.height, min(head.channels, colors + 1) * head.depth // 8 * _COPIES)
        resources = _resources(file)
        has_alpha = _skip_layers(file, head) and head.channels > colors
        samples = _samples(file, head, colors + has_alpha)
    if has_alpha:
        samples = _without_white(samples)
    if space == "cmyk" and samples.dtype.kind == "u":
        samples = np.concatenate([np.iinfo(samples.dtype).max - samples[..., :4], samples[..., 4:]], -1)
    metadata = {name: resources[key] for key, name in _RESOURCES.items() if resources.get(key)}
    return Decoded(samples, space, metadata, dpi=_dpi(resources.get(_RESOLUTION)))


def _head(file: IO[bytes]) -> _Head:
    data = file.read(_HEAD.size)
    if len(data) < _HEAD.size:
        raise CodecError("it ends within its header")
    head = _Head(*_HEAD.unpack(data)[1:])
    if head.version not in (1, 2) or not 1 <= head.channels <= 56 or head.depth not in (8, 16, 32):
        raise CodecError(f"{_NAMES[0]} of one bit" if head.depth == 1 else "its header makes no sense")
    if head.mode not in _COLORS or head.channels < _COLORS[head.mode][0]:
        raise CodecError(f"{_NAMES.get(head.mode, 'its colors')}, not RGB, grey or CMYK")
    return head


def _length(file: IO[bytes], size: int = 4) -> int:
    data = file.read(size)
    if len(data) < size:
        raise CodecError("it ends too early")
    return int.from_bytes(data, "big")


def _resources(file: IO[bytes]) -> dict[int, bytes]:
    """The image resources by their numbers."""
    file.seek(_length(file), 1)
    end = _length(file) + file.tell()
    found: dict[int, bytes] = {}
    for _ in range(_MOST_RESOURCES):
        if file.tell() + 12 > end or file.read(4) != b"8BIM":
            break
        kind, name = _length(file, 2), _length(file, 1)
        file.seek(name + (name + 1) % 2, 1)
        size = _length(file)
        if file.tell() + size > end or size > _MOST_BYTES:
            break
        found[kind] = file.read(size)
        file.seek(size % 2, 1)
    file.seek(end)
    return found


def _skip_layers(file: IO[bytes], head: _Head) -> bool:
    """Go to the merged picture; whether its first channel beyond the colors is its alpha."""
    wide = 8 if head.version == 2 else 4
    size = _length(file, wide)
    start = file.tell()
    has_alpha = False
    if size > wide + 2 and _length(file, wide):
        # A negative number of layers says so.
        has_alpha = int.from_bytes(file.read(2), "big", signed=True) < 0
    file.seek(start + size)
    return has_alpha


def _samples(file: IO[bytes], head: _Head, wanted: int) -> NDArray[Any]:
    """The first channels of the merged picture: (H, W, wanted)."""
    method = _length(file, 2)
    if method not in (_RAW, _PACKED):
        raise CodecError("its merged picture is compressed by ZIP")
    rows = head.channels * head.height
    counts = np.full(rows, head.width * head.depth // 8, np.uint64)
    if method == _PACKED:
        width = 2 * head.version
        counts = np.frombuffer(file.read(rows * width), f">u{width}").astype(np.uint64)
    if len(counts) < rows:
        raise CodecError("it ends too early")
    counts = counts[: wanted * head.height]
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
        place = Path(folder) / "merged.tif"
        with place.open("wb") as copy:
            copy.write(bytes(_TIFF_HEAD.size))
            left = int(counts.sum())
            while left and (data := file.read(min(left, _COPIED_BYTES))):
                copy.write(data)
                left -= len(data)
            if left:
                raise CodecError("it ends too early")
            _write_directory(copy, head, wanted, counts, _PACKBITS if method == _PACKED else _NOT_PACKED)
        return three_dimensional(pyvips.Image.tiffload(str(place), fail_on="error").numpy())


def _write_directory(copy: IO[bytes], head: _Head, wanted: int, counts: NDArray[np.uint64], method: int) -> None:
    """Make a file of packed rows, which begin after the header, a BigTIFF."""
    offsets = _TIFF_HEAD.size + np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.uint64)
    colors = _COLORS[head.mode][0]
    tags: list[tuple[int, int, list[int] | NDArray[np.uint64]]] = [
        (256, _LONG8, [head.width]),
        (257, _LONG8, [head.height]),
        (258, _SHORT, [head.depth] * wanted),
        (259, _SHORT, [method]),
        (262, _SHORT, [_PHOTOMETRIC[head.mode]]),
        (273, _LONG8, offsets),
        (277, _SHORT, [wanted]),
        (278, _LONG8, [1]),
        (279, _LONG8, counts),
        (284, _SHORT, [_PLANAR]),
        *([(338, _SHORT, [_STRAIGHT_ALPHA])] if wanted > colors else []),
        (339, _SHORT, [_FLOATS if head.depth == 32 else 1] * wanted),
    ]
    rows, values = b"", b""
    start = copy.tell()
    free = start + 8 + 20 * len(tags) + 8
    for tag, kind, numbers in tags:
        data = np.asarray(numbers).astype(">u2" if kind == _SHORT else ">u8").tobytes()
        inline = data.ljust(8, b"\0") if len(data) <= 8 else struct.pack(">Q", free + len(values))
        values += data if len(data) > 8 else b""
        rows += struct.pack(">HHQ", tag, kind, len(numbers)) + inline
    copy.write(struct.pack(">Q", len(tags)) + rows + bytes(8) + values)
    copy.seek(0)
    copy.write(_TIFF_HEAD.pack(b"MM", 43, 8, 0, start))


def _without_white(samples: NDArray[Any]) -> NDArray[Any]:
    """Straight colors of samples that Photoshop has put on white."""
    full = np.float32(1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max)
    alpha = samples[..., -1:].astype(np.float32) / full
    colors = samples[..., :-1].astype(np.float32) - full * (1 - alpha)
    colors = np.clip(colors / np.maximum(alpha, np.float32(1e-6)), 0, None if samples.dtype.kind == "f" else full)
    colors = colors if samples.dtype.kind == "f" else np.rint(colors)
    return np.concatenate([colors.astype(samples.dtype), samples[..., -1:]], -1)


def _dpi(resource: bytes | None) -> tuple[float, float] | None:
    """The resolution, stored in dots per inch with 16 binary places."""
    if not resource or len(resource) < 16:
        return None
    across, down = struct.unpack_from(">I4xI", resource)
    return (across / 65536, down / 65536) if across and down else None
