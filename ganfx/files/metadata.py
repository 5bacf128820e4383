"""Metadata: between the fields of libvips and `PictureInfo.metadata`.

The keys of the mapping are those of `Format.keeps`: icc, exif and xmp (bytes), iptc (bytes, the bare IPTC-IIM
records), dpi (horizontal, vertical) and text (pairs of keyword and text).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import pyvips

from ganfx.errors import OutputError
from ganfx.files import exif, exif_slot, png_text, tiff
from ganfx.files.chunks import jpeg_segments, png_chunks
from ganfx.files.codecs import encoded
from ganfx.files.codecs.parts import Parts
from ganfx.files.directories import MAX_BYTES, ExifError, FileBlock
from ganfx.files.formats import Codec, Format
from ganfx.files.regular import open_regular

_Given = TypeVar("_Given")

_MM_PER_INCH = 25.4
# The resolution that programs assume where a file states none.
_DEFAULT_DPI = 72.0
# libvips takes less than a thousand kilometers' worth of pixels per millimeter.
_MOST_DPI = 1e6
_PHOTOSHOP = b"Photoshop 3.0\0"
_ICC_SEGMENT = b"ICC_PROFILE\0"
_IPTC_RESOURCE = 0x0404
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:>|\s*=\s*[\"']))[2-8]")
_NAMES = {"icc": "a color profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "dpi": "a resolution"}
_NAMES |= {"text": "PNG text"}


def gather(image: pyvips.Image, path: Path, form: Format) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The metadata of the file at `path`, opened as `image`, and notes on what cannot be read."""
    notes: list[str] = []
    found = {key: image.get(name) for key, name in _FIELDS.items() if image.get_typeof(name)}
    if form.name in _STRUCTURED:
        with open_regular(path) as file:
            _STRUCTURED[form.name](FileBlock(file), found, notes)
    if found.get("exif"):
        found["exif"] = _readable("EXIF", _checked, found["exif"], notes)
    found["dpi"] = _dpi(image, found.get("exif"), notes)
    return {key: value for key, value in found.items() if value}, tuple(notes)


def _from_tiff(block: FileBlock, found: dict[str, Any], notes: list[str]) -> None:
    found["exif"] = _readable("EXIF", tiff.read_exif, block, notes)
    found["iptc"] = _readable("IPTC", tiff.read_iptc, block, notes)


def _from_png(block: FileBlock, found: dict[str, Any], notes: list[str]) -> None:
    """What libvips leaves out without a word: damaged profiles, and EXIF and text behind the pixels."""
    chunks = [chunk for chunk in png_chunks(block) if chunk.name != b"IDAT"]
    _note_lost_profile(any(chunk.name == b"iCCP" for chunk in chunks), found, notes)
    places = [chunk for chunk in chunks if chunk.name == b"eXIf" and chunk.size <= MAX_BYTES]
    found["exif"] = bytes(block[places[0].start : places[0].end]) if places else found.get("exif")
    found["text"], is_incomplete = png_text.read_texts(block, chunks)
    if is_incomplete:
        notes.append("PNG text that is damaged, or too much, is left out")


def _from_jpeg(block: FileBlock, found: dict[str, Any], notes: list[str]) -> None:
    segments = (chunk for chunk in jpeg_segments(block) if chunk.name == b"\xe2")
    has_profile = any(block[chunk.start : chunk.start + len(_ICC_SEGMENT)] == _ICC_SEGMENT for chunk in segments)
    _note_lost_profile(has_profile, found, notes)
    if "iptc" in found:
        found["iptc"] = iptc_in(found["iptc"])


_STRUCTURED = {"TIFF": _from_tiff, "PNG": _from_png, "JPEG": _from_jpeg}


def _note_lost_profile(is_there: bool, found: Mapping[str, Any], notes: list[str]) -> None:
    if is_there and not found.get("icc"):
        notes.append("the color profile is damaged and is left out")


def _readable(name: str, read: Callable[[_Given], bytes | None], given: _Given, notes: list[str]) -> bytes | None:
    """What `read` makes of `given`; None, and a note, where the block of this name is damaged."""
    try:
        return read(given)
    except ExifError:
        notes.append(f"the {name} block is damaged and is left out")
        return None


def _checked(block: bytes) -> bytes:
    """The block itself. Raises ExifError where it cannot be read."""
    exif.parse(block)
    return block


_FIELDS = {"icc": "icc-profile-data", "exif": "exif-data", "xmp": "xmp-data", "iptc": "iptc-data"}


def _dpi(image: pyvips.Image, block: bytes | None, notes: list[str]) -> tuple[float, float] | None:
    stated = image.xres * _MM_PER_INCH, image.yres * _MM_PER_INCH
    if not all(0 < side < _MOST_DPI for side in stated):  # not a number, too
        notes.append("the resolution is damaged and is left out")
        return _exif_dpi(block)
    stated = round(stated[0], 3), round(stated[1], 3)
    return stated if _is_stated(stated) else _exif_dpi(block)


def _is_stated(dpi: tuple[float, float]) -> bool:
    """Whether the resolution is none of the defaults, of libvips and of other programs."""
    return not any(max(abs(side - default) for side in dpi) < 0.1 for default in (_MM_PER_INCH, _DEFAULT_DPI))


def _exif_dpi(block: bytes | None) -> tuple[float, float] | None:
    try:
        tags = exif.parse(block or b"").main
        per_inch = _MM_PER_INCH / 10 if tags[exif.RESOLUTION_UNIT].number == 3 else 1.0
        dpi = tags[exif.X_RESOLUTION].number * per_inch, tags[exif.Y_RESOLUTION].number * per_inch
    except (ExifError, KeyError):
        return None
    return dpi if all(0 < side < _MOST_DPI for side in dpi) and _is_stated(dpi) else None


def prepared(
    carried: Mapping[str, Any], form: Format, width: int, height: int
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The part of `carried` that `form` can store, updated for an upright picture of this size; notes on the rest."""
    block, damage = _exif_for(carried, form, width, height)
    lost = [_NAMES[key] for key in carried if key not in form.keeps and not (key == "dpi" and block)]
    if block and len(block) > form.max_exif:
        block, lost = None, [*lost, "so long an EXIF block"]
    ready = {key: value for key, value in carried.items() if key in form.keeps} | {"exif": block}
    if "xmp" in ready:
        ready["xmp"] = _XMP_ORIENTATION.sub(rb"\g<1>1", ready["xmp"])
    notes = [f"{form.name} has no place for {' or '.join(lost)}"] if lost else []
    return {key: value for key, value in ready.items() if value}, (*notes, *damage)


def _exif_for(carried: Mapping[str, Any], form: Format, width: int, height: int) -> tuple[bytes | None, list[str]]:
    """The EXIF block for a picture of this size in a `form`, and notes."""
    notes: list[str] = []
    if "exif" not in form.keeps:
        return None, notes
    dpi = None if "dpi" in form.keeps else carried.get("dpi")

    def updated(block: bytes) -> bytes:
        parts = exif.parse(block)
        if dpi and exif.X_RESOLUTION not in parts.main:
            block = exif.build(dataclasses.replace(parts, main=parts.main | exif.resolution(dpi)))
        return exif.refreshed(block, width, height, carried.get("dpi"))

    block = _readable("EXIF", updated, carried["exif"], notes) if carried.get("exif") else None
    if block is None and dpi:
        block = exif.refreshed(exif.build(exif.Exif(exif.resolution(dpi))), width, height, dpi)
    return block, notes


def attach(image: pyvips.Image, ready: Mapping[str, Any], form: Format) -> tuple[pyvips.Image, str]:
    """`image` with the part of `ready` that libvips can store, and the saver's `keep` flags; see also `complete`."""
    x, y = ready.get("dpi", (_DEFAULT_DPI, _DEFAULT_DPI))
    image = image.copy(xres=x / _MM_PER_INCH, yres=y / _MM_PER_INCH)
    fields = {key: value for key, value in ready.items() if key in _FIELDS and key not in _added_later(form)}
    if "exif" in fields:
        fields["exif"] = exif_slot.placeholder(fields["exif"])
    if "iptc" in fields:
        fields["iptc"] = _wrapped(fields["iptc"])
    for key, value in fields.items():
        image.set_type(pyvips.GValue.blob_type, _FIELDS[key], value)
    for i, (keyword, text) in enumerate(ready.get("text", ())):
        if png_text.is_plain(keyword, text):
            image.set_type(pyvips.GValue.gstr_type, f"png-comment-{i:03}-{keyword}", text)
    return image, "|".join([*fields, *(["other"] if "text" in ready else [])]) or "none"


def complete(file: IO[bytes], ready: Mapping[str, Any], form: Format) -> None:
    """Add the part of `ready` that libvips cannot store to the open file. Raises OSError or OutputError."""
    if any(key in ready for key in _added_later(form)):
        tiff.add_tags(file, ready.get("exif"), ready.get("iptc"))
    elif "exif" in ready:
        exif_slot.fill(file, ready["exif"], form)
    if special := [pair for pair in ready.get("text", ()) if not png_text.is_plain(*pair)]:
        png_text.add_texts(file, special)


def _added_later(form: Format) -> tuple[str, ...]:
    return ("exif", "iptc") if form.name == "TIFF" else ()


def takes_profile(form: Format, profile: bytes, *, grey: bool) -> bool:
    """Whether the format's encoder stores the ICC `profile` unchanged; that of PNG fails with damaged ones."""
    if isinstance(form.saver, Codec):
        return _codec_takes(form.saver, profile, grey)
    image = pyvips.Image.black(1, 1, bands=1 if grey else 3).copy(interpretation="b-w" if grey else "srgb")
    image.set_type(pyvips.GValue.blob_type, _FIELDS["icc"], profile)
    try:
        data = pyvips.Operation.call(f"{form.saver}_buffer", image, keep="icc", **form.options)
        return bool(pyvips.Image.new_from_buffer(data, "").get(_FIELDS["icc"]) == profile)
    except pyvips.Error:
        return False


def _codec_takes(codec: Codec, profile: bytes, grey: bool) -> bool:
    samples = np.zeros((1, 1, 1 if grey else 3), np.uint8)
    try:
        encoded(codec, samples, Parts(grey, {"icc": profile}, quality=50, lossless=False))
    except OutputError:
        return False
    return True


def iptc_in(data: bytes) -> bytes:
    """IPTC records, taken out of Photoshop's resource blocks where they are in such."""
    if not data.startswith(_PHOTOSHOP):
        return data
    at = len(_PHOTOSHOP)
    while data[at : at + 4] == b"8BIM":
        kind = int.from_bytes(data[at + 4 : at + 6], "big")
        name = 1 + data[at + 6] if at + 6 < len(data) else 1
        at += 6 + name + name % 2
        size = int.from_bytes(data[at : at + 4], "big")
        if kind == _IPTC_RESOURCE:
            return data[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
    return b""


def _wrapped(records: bytes) -> bytes:
    head = b"8BIM" + _IPTC_RESOURCE.to_bytes(2, "big") + b"\0\0" + len(records).to_bytes(4, "big")
    return _PHOTOSHOP + head + records + bytes(len(records) % 2)
