"""Pictures in and out of files, with nothing lost: pixels, depth, alpha, colour profile, EXIF, XMP, IPTC, dpi.

Whole pictures: `open_picture`, `save_picture`. Pictures larger than memory: `open_reader`, `open_writer`. Names are
resolved when first used, so that asking for a format does not load libvips.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganfx.files.formats import WRITABLE, Format, format_for

if TYPE_CHECKING:
    from ganfx.files.reader import PictureReader, is_picture, open_picture, open_reader, writable_suffix
    from ganfx.files.writer import PictureWriter, SaveOptions, open_writer, save_picture

_HOMES = {
    "PictureReader": "reader",
    "is_picture": "reader",
    "open_picture": "reader",
    "open_reader": "reader",
    "writable_suffix": "reader",
    "PictureWriter": "writer",
    "SaveOptions": "writer",
    "open_writer": "writer",
    "save_picture": "writer",
}

__all__ = [
    "WRITABLE",
    "Format",
    "PictureReader",
    "PictureWriter",
    "SaveOptions",
    "format_for",
    "is_picture",
    "open_picture",
    "open_reader",
    "open_writer",
    "save_picture",
    "writable_suffix",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"ganfx.files.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
