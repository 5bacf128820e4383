"""Pictures in and out of files, with nothing lost: pixels, depth, alpha, color profile, EXIF, XMP, IPTC, dpi.

Whole pictures: `open_picture`, `save_picture`. Pictures larger than memory: `open_reader`, `open_writer`. Masks:
`read_mask`. Names are resolved when first used, so that asking for a format does not load libvips.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganfx.files.formats import WRITABLE, Format, format_for

if TYPE_CHECKING:
    from ganfx.files.masks import MaskSource, mask_of_alpha, mask_of_color, parse_color, read_mask, save_mask
    from ganfx.files.previews import Preview, preview
    from ganfx.files.reader import PictureReader, is_picture, open_picture, open_reader, writable_suffix
    from ganfx.files.vips import writing
    from ganfx.files.writer import PictureWriter, SaveOptions, copy_picture, open_writer, save_picture

_HOMES = {
    "MaskSource": "masks",
    "mask_of_alpha": "masks",
    "mask_of_color": "masks",
    "parse_color": "masks",
    "read_mask": "masks",
    "save_mask": "masks",
    "Preview": "previews",
    "preview": "previews",
    "PictureReader": "reader",
    "is_picture": "reader",
    "open_picture": "reader",
    "open_reader": "reader",
    "writable_suffix": "reader",
    "writing": "vips",
    "PictureWriter": "writer",
    "SaveOptions": "writer",
    "copy_picture": "writer",
    "open_writer": "writer",
    "save_picture": "writer",
}

__all__ = [
    "WRITABLE",
    "Format",
    "MaskSource",
    "PictureReader",
    "PictureWriter",
    "Preview",
    "SaveOptions",
    "copy_picture",
    "format_for",
    "is_picture",
    "mask_of_alpha",
    "mask_of_color",
    "open_picture",
    "open_reader",
    "open_writer",
    "parse_color",
    "preview",
    "read_mask",
    "save_mask",
    "save_picture",
    "writable_suffix",
    "writing",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"ganfx.files.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
