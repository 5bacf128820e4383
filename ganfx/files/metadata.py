"""Metadata: between the fields of libvips and `PictureInfo.metadata`.

The keys of the mapping are those of `Format.keeps`: icc, exif and xmp (bytes), iptc (bytes, the bare IPTC-IIM
records), dpi (horizontal, vertical) and text (pairs of keyword and text).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pyvips

from ganfx.files import exif, exif_slot, tiff
from ganfx.files.formats import Format

_MM_PER_INCH = 25.4
# The resolution that programs assume where a file states none.
_DEFAULT_DPI = 72.0
_PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC_RESOURCE = 0x0404
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:>|\s*=\s*[\"']))[2-8]")
_NAMES = {"icc": "a color profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "dpi": "a resolution"}
_NAMES |= {"text": "PNG text"}


def gather(image: pyvips.Image, path: Path, form: Format) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The metadata of the file at `path`, opened as `image`, and notes on what cannot be read."""
    fields, notes = set(image.get_fields()), []
    found = {key: image.get(name) for key, name in _FIELDS.items() if name in fields}
    if form.name == "TIFF":
        found["exif"], found["iptc"] = tiff.read_exif(path), tiff.read_iptc(path)
    elif "iptc" in found:
        found["iptc"] = _unwrapped(found["iptc"])
    if found.get("exif") and not _is_sound(found["exif"]):
        del found["exif"]
        notes.append("the EXIF block is damaged and is left out")
    found["dpi"] = _dpi(image, found.get("exif"))
    found["text"] = _text(image, fields)
    return {key: value for key, value in found.items() if value}, tuple(notes)


def _is_sound(block: bytes) -> bool:
    try:
        exif.parse(block)
    except exif.ExifError:
        return False
    return True


_FIELDS = {"icc": "icc-profile-data", "exif": "exif-data", "xmp": "xmp-data", "iptc": "iptc-data"}


def _dpi(image: pyvips.Image, block: bytes | None) -> tuple[float, float] | None:
    stated = round(image.xres * _MM_PER_INCH, 3), round(image.yres * _MM_PER_INCH, 3)
    return stated if _is_stated(stated) else _exif_dpi(block)


def _is_stated(dpi: tuple[float, float]) -> bool:
    """Whether the resolution is none of the defaults, of libvips and of other programs."""
    return not any(max(abs(side - default) for side in dpi) < 0.1 for default in (_MM_PER_INCH, _DEFAULT_DPI))


def _exif_dpi(block: bytes | None) -> tuple[float, float] | None:
    try:
        tags = exif.parse(block or b"").main
        per_inch = _MM_PER_INCH / 10 if tags[exif.RESOLUTION_UNIT].number == 3 else 1.0
        dpi = tags[exif.X_RESOLUTION].number * per_inch, tags[exif.Y_RESOLUTION].number * per_inch
    except (exif.ExifError, KeyError):
        return None
    return dpi if min(dpi) > 0 and _is_stated(dpi) else None


def _text(image: pyvips.Image, fields: set[str]) -> tuple[tuple[str, str], ...]:
    names = sorted(name for name in fields if name.startswith("png-comment-"))
    return tuple((name.split("-", 3)[3], image.get(name)) for name in names)


def prepared(
    carried: Mapping[str, Any], form: Format, width: int, height: int
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The part of `carried` that `form` can store, updated for an upright picture of this size; notes on the rest."""
    block = _exif_for(carried, form, width, height)
    lost = [_NAMES[key] for key in carried if key not in form.keeps and not (key == "dpi" and block)]
    if block and len(block) > form.max_exif:
        block, lost = None, [*lost, "so long an EXIF block"]
    ready = {key: value for key, value in carried.items() if key in form.keeps} | {"exif": block}
    if "xmp" in ready:
        ready["xmp"] = _XMP_ORIENTATION.sub(rb"\g<1>1", ready["xmp"])
    notes = (f"{form.name} has no place for {' or '.join(lost)}",) if lost else ()
    return {key: value for key, value in ready.items() if value}, notes


def _exif_for(carried: Mapping[str, Any], form: Format, width: int, height: int) -> bytes | None:
    if "exif" not in form.keeps:
        return None
    block, dpi = carried.get("exif"), carried.get("dpi")
    parts = exif.parse(block) if block else exif.Exif()
    if dpi and "dpi" not in form.keeps and exif.X_RESOLUTION not in parts.main:
        block = exif.build(dataclasses.replace(parts, main=parts.main | exif.resolution(dpi)))
    return exif.refreshed(block, width, height, dpi) if block else None


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
        image.set_type(pyvips.GValue.gstr_type, f"png-comment-{i}-{keyword}", text)
    return image, "|".join([*fields, *(["other"] if "text" in ready else [])]) or "none"


def complete(file: IO[bytes], ready: Mapping[str, Any], form: Format) -> None:
    """Add the part of `ready` that libvips cannot store to the open file. Raises OSError or OutputError."""
    if any(key in ready for key in _added_later(form)):
        tiff.add_tags(file, ready.get("exif"), ready.get("iptc"))
    elif "exif" in ready:
        exif_slot.fill(file, ready["exif"])


def _added_later(form: Format) -> tuple[str, ...]:
    return ("exif", "iptc") if form.name == "TIFF" else ()


def takes_profile(form: Format, profile: bytes, *, grey: bool) -> bool:
    """Whether the format's encoder stores the ICC `profile` unchanged; that of PNG fails with damaged ones."""
    image = pyvips.Image.black(1, 1, bands=1 if grey else 3).copy(interpretation="b-w" if grey else "srgb")
    image.set_type(pyvips.GValue.blob_type, _FIELDS["icc"], profile)
    try:
        data = pyvips.Operation.call(f"{form.saver}_buffer", image, keep="icc", **form.options)
        return bool(pyvips.Image.new_from_buffer(data, "").get(_FIELDS["icc"]) == profile)
    except pyvips.Error:
        return False


def _unwrapped(data: bytes) -> bytes:
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
