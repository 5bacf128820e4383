"""Pictures as browsers show them."""

from __future__ import annotations

from pathlib import Path

from ganfx.errors import ItemError
from ganfx.files.source import checked_format, open_upright
from ganfx.files.vips import reading

_QUALITY = 94


def view(path: Path, side: int, *, is_own: bool = False) -> tuple[bytes, str]:
    """The picture at `path` in sRGB with no side longer than `side`, and its media type.

    JPEG, or PNG where there is transparency. `is_own` is whether ganfx wrote it. Raises UnreadableError or
    PictureSizeError.
    """
    with ItemError.about(path):
        image = open_upright(path, checked_format(path), is_own=is_own)[0]
    with reading():
        small = image.thumbnail_image(side, height=side, size="down", output_profile="srgb")
        small = small.colourspace("srgb").cast("uchar")
        if small.hasalpha():
            return bytes(small.pngsave_buffer(compression=1, keep="none")), "image/png"
        return bytes(small.jpegsave_buffer(Q=_QUALITY, subsample_mode="off", keep="none")), "image/jpeg"
