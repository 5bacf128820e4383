"""What a picture carries besides its pixels, between libvips' fields and `Look.metadata`.

The keys of the mapping are those of `Format.keeps`: icc, exif and xmp (bytes), iptc (bytes, the bare IPTC-IIM
records), dpi (horizontal, vertical) and text (pairs of keyword and text).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyvips

from ganfx.files import exif, tiff
from ganfx.files.formats import Format

_MM_PER_INCH = 25.4
# What programs assume where a file does not say.
_DEFAULT_DPI = 72.0
_PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC_RESOURCE = 0x0404
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:>|\s*=\s*[\"']))[2-8]")
_NAMES = {"icc": "a colour profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "dpi": "a resolution"}
_NAMES |= {"text": "PNG text"}


def gather(image: pyvips.Image, path: Path, form: Format) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the file at `path`, opened as `image`, carries, and notes on what of it cannot be read."""
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
    # What libvips says where the file says nothing.
    if not any(max(abs(side - unsaid) for side in stated) < 0.1 for unsaid in (_MM_PER_INCH, _DEFAULT_DPI)):
        return stated
    with contextlib.suppress(exif.ExifError, KeyError):
        tags = exif.parse(block or b"").main
        per_inch = _MM_PER_INCH / 10 if tags[exif.RESOLUTION_UNIT].number == 3 else 1.0
        x, y = tags[exif.X_RESOLUTION].number * per_inch, tags[exif.Y_RESOLUTION].number * per_inch
        return (x, y) if x > 0 and y > 0 else None
    return None


def _text(image: pyvips.Image, fields: set[str]) -> tuple[tuple[str, str], ...]:
    names = sorted(name for name in fields if name.startswith("png-comment-"))
    return tuple((name.split("-", 3)[3], image.get(name)) for name in names)


def losses(metadata: Mapping[str, Any], form: Format) -> tuple[str, ...]:
    """A sentence on what `form` has no place for, if anything."""
    lost = [_NAMES[key] for key in metadata if key not in form.keeps and not _held_by_exif(key, form)]
    return (f"{form.name} has no place for {' or '.join(lost)}",) if lost else ()


def _held_by_exif(key: str, form: Format) -> bool:
    return key == "dpi" and "exif" in form.keeps


def attach(image: pyvips.Image, metadata: Mapping[str, Any], form: Format) -> tuple[pyvips.Image, str]:
    """`image` with all of `metadata` that `form` can hold, and the saver's `keep` flags for it."""
    kept = {key: value for key, value in metadata.items() if key in form.keeps}
    x, y = metadata.get("dpi", (_DEFAULT_DPI, _DEFAULT_DPI))
    image = image.copy(xres=x / _MM_PER_INCH, yres=y / _MM_PER_INCH)
    for key in _fields_of(form) & kept.keys():
        image.set_type(pyvips.GValue.blob_type, _FIELDS[key], _for_field(key, kept[key], image))
    image.set_type(pyvips.GValue.gint_type, "orientation", 1)
    image.set_type(pyvips.GValue.gstr_type, "resolution-unit", "in")
    for i, (keyword, text) in enumerate(kept.get("text", ())):
        image.set_type(pyvips.GValue.gstr_type, f"png-comment-{i}-{keyword}", text)
    return image, _keep_flags(kept, metadata, form)


def takes_profile(form: Format, profile: bytes, *, grey: bool) -> bool:
    """Whether the format's encoder stores the ICC `profile` unchanged: PNG's refuses damaged ones, and the picture."""
    image = pyvips.Image.black(1, 1, bands=1 if grey else 3).copy(interpretation="b-w" if grey else "srgb")
    image.set_type(pyvips.GValue.blob_type, _FIELDS["icc"], profile)
    try:
        data = pyvips.Operation.call(f"{form.saver}_buffer", image, keep="icc")
        return bool(pyvips.Image.new_from_buffer(data, "").get(_FIELDS["icc"]) == profile)
    except pyvips.Error:
        return False


def _fields_of(form: Format) -> set[str]:
    """What libvips stores; the rest of a TIFF's is added by `tiff.add_tags`."""
    return _FIELDS.keys() - ({"exif", "iptc"} if form.name == "TIFF" else set())


def _for_field(key: str, value: bytes, image: pyvips.Image) -> bytes:
    if key == "exif":
        return exif.refreshed(value, image.width, image.height)
    if key == "xmp":
        return _XMP_ORIENTATION.sub(rb"\g<1>1", value)
    return _wrapped(value) if key == "iptc" else value


def _keep_flags(kept: Mapping[str, Any], metadata: Mapping[str, Any], form: Format) -> str:
    # A saver asked to keep EXIF makes one up where there is none: wanted only where dpi has no other place.
    only_place = "dpi" in metadata and "dpi" not in form.keeps and "exif" in form.keeps
    flags = [key for key in ("icc", "exif", "xmp", "iptc") if key in kept or (key == "exif" and only_place)]
    flags += ["other"] if "text" in kept else []
    return "|".join(flags) or "none"


def _unwrapped(data: bytes) -> bytes:
    """IPTC records out of Photoshop's resource blocks, where they are in such."""
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
