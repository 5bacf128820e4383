"""Which formats files begin like, of those that libvips is not asked about."""

from __future__ import annotations

import contextlib
import re
import struct
import zipfile
import zlib
from typing import IO

from ganfx.errors import UnsupportedError
from ganfx.files.directories import ExifError, FileBlock, directory, read_layout
from ganfx.files.formats import Format, named

_HEAD = 64
_ISO_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"hevx": "HEIC", b"heim": "HEIC", b"heis": "HEIC"}
_ISO_BRANDS |= {b"hevm": "HEIC", b"hevs": "HEIC", b"crx ": "RAW", b"jp2 ": "JPEG 2000", b"jpx ": "JPEG 2000"}
_GENERIC_BRANDS = (b"mif1", b"msf1", b"miaf", b"mif2")
_STARTS = {
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\xff\x4f\xff\x51": "JPEG 2000 codestream",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"FUJIFILMCCD-RAW": "RAW",
    b"IIRO": "RAW",
    b"IIRS": "RAW",
    b"MMOR": "RAW",
    b"IIU\0": "RAW",
    b"FOVb": "RAW",
    b"II\x1a\0\0\0HEAPCCDR": "RAW",
    b"8BPS": "PSD",
    b"#?RADIANCE": "Radiance HDR",
    b"#?RGBE": "Radiance HDR",
    b"\x76\x2f\x31\x01": "OpenEXR",
}
_NETPBM = re.compile(rb"(?:(?P<PBM>P[14])|(?P<PNM>P[2356])|(?P<PAM>P7)|(?P<PFM>P[Ff]))\s")
_TIFF = (b"II*\0", b"MM\0*")
_DNG_VERSION, _SUB_IFDS, _PHOTOMETRIC, _MAKE, _COLOR_FILTER_ARRAY = 0xC612, 0x014A, 0x0106, 0x010F, 32803
_MOST_DIRECTORIES = 8
_LAYERED = {b"application/x-krita": "KRA", b"image/openraster": "ORA"}
_MIMETYPE_BYTES = 200
# The method, and the bytes of the name and of what else there is, of a member of an archive.
_MEMBER = struct.Struct("<8xH16xHH")
# TGA has no signature: (color map, kind of picture) and bits of a pixel that its header may state.
_TGA_KINDS = {(1, 1), (1, 9), (0, 2), (0, 10), (0, 3), (0, 11)}
_TGA_BITS = {8, 15, 16, 24, 32}
_CLOSED = (
    (
        b"gimp xcf",
        "an XCF file has layers, and no picture of them",
        "export it as PNG or TIFF, or use the GIMP plug-in",
    ),
    (
        b"%PDF",
        "a PDF file is a document, and drawing it would run much code on it",
        "export its pictures, or render it",
    ),
    (b"%!PS", "a PostScript file is a program, which is not run", "render it as PNG or TIFF"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file is a program, which is not run", "render it as PNG or TIFF"),
)
_VIDEO_STARTS = (b"\x1a\x45\xdf\xa3", b"\0\0\x01\xba", b"FLV\x01", b"OggS")
_VIDEO_BOXES, _VIDEO_BRANDS = (
    (b"moov", b"mdat", b"wide"),
    (b"iso", b"mp4", b"avc1", b"qt  ", b"M4", b"3g", b"dash", b"f4v"),
)
_SVG = re.compile(rb"<svg[\s>]")
_SVG_HEAD = 2048


def foreign_format(file: IO[bytes], suffix: str) -> Format | None:
    """The format of an open file, as far as libvips does not read it; None: ask libvips.

    suffix: of its name; TGA, which has no signature, is known by it, and archives that do not say what they are.
    """
    head = _at(file, 0, _HEAD)
    name = next((name for start, name in _STARTS.items() if head.startswith(start)), None)
    if name is None and head[4:8] == b"ftyp":
        name = _of_brands(head)
    if name is None and (found := _NETPBM.match(head)):
        name = found.lastgroup
    if name is None and head[:2] == b"BM" and head[6:10] == bytes(4):
        name = "BMP"
    if name is None and head.startswith(_TIFF) and _is_raw(file, head):
        name = "RAW"
    if name is None and head.startswith(b"PK\x03\x04"):
        name = _layered(file, suffix)
    if name is None and suffix.lower() == ".tga" and _is_tga(head):
        name = "TGA"
    return named(name) if name else None


def check_open(file: IO[bytes]) -> None:
    """Raises UnsupportedError where the file is of a kind that stays closed."""
    head = _at(file, 0, _SVG_HEAD)
    for start, reason, hint in _CLOSED:
        if head.startswith(start):
            raise UnsupportedError(reason, hint=hint)
    if _is_video(head):
        raise UnsupportedError(
            "videos are not read yet, only pictures and animations", hint="ffmpeg -i VIDEO frames/%05d.png makes frames"
        )
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _SVG.search(head) and b"<html" not in head.lower():
        raise UnsupportedError(
            "an SVG file is a drawing, which may name other files and has no pixels", hint="render it as PNG"
        )


def _is_video(head: bytes) -> bool:
    """Whether a file begins like MP4, QuickTime, Matroska, WebM, AVI, MPEG, Ogg or Flash video."""
    is_avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    is_iso = head[4:8] == b"ftyp" and head.startswith(_VIDEO_BRANDS, 8)
    return is_avi or is_iso or head[4:8] in _VIDEO_BOXES or head.startswith(_VIDEO_STARTS)


def _at(file: IO[bytes], offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _of_brands(head: bytes) -> str | None:
    """HEIC, RAW (CR3) or JPEG 2000; AVIF is left to libvips."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] in _GENERIC_BRANDS and b"avif" in brands:
        return None
    return next((_ISO_BRANDS[brand] for brand in brands if brand in _ISO_BRANDS), None)


def _is_raw(file: IO[bytes], head: bytes) -> bool:
    """Whether a TIFF file has the samples of a camera's sensor: it is CR2, DNG, or its directories say so."""
    if head[8:10] == b"CR":
        return True
    block = FileBlock(file)
    wanted = (_DNG_VERSION, _SUB_IFDS, _PHOTOMETRIC, _MAKE)
    try:
        layout, first = read_layout(block)
        main = directory(block, layout, first, wanted)
        if _DNG_VERSION in main:
            return True
        if _MAKE not in main:
            return False
        found = [main]
        pointers = main[_SUB_IFDS].data if _SUB_IFDS in main else b""
        for at in range(0, min(len(pointers), 4 * _MOST_DIRECTORIES), 4):
            offset = int.from_bytes(pointers[at : at + 4], "little")
            found.append(directory(block, layout, offset, (_PHOTOMETRIC,)))
        return any(part[_PHOTOMETRIC].number == _COLOR_FILTER_ARRAY for part in found if _PHOTOMETRIC in part)
    except ExifError:
        return False


def _layered(file: IO[bytes], suffix: str) -> str | None:
    """KRA or ORA, whose first member says which; some of Krita's own say only that they are archives."""
    head = _at(file, 0, _MEMBER.size + _MIMETYPE_BYTES)
    if len(head) < _MEMBER.size:
        return None
    method, name_bytes, extra_bytes = _MEMBER.unpack_from(head)
    if head[_MEMBER.size :][:name_bytes] != b"mimetype":
        return None
    content = head[_MEMBER.size + name_bytes + extra_bytes :]
    if method == zipfile.ZIP_DEFLATED:
        with contextlib.suppress(zlib.error):
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, _MIMETYPE_BYTES)
    kinds = {name for kind, name in _LAYERED.items() if content.startswith(kind)}
    return next(iter(kinds), {".kra": "KRA", ".ora": "ORA"}.get(suffix.lower()))


def _is_tga(head: bytes) -> bool:
    return len(head) >= 18 and (head[1], head[2]) in _TGA_KINDS and head[16] in _TGA_BITS
