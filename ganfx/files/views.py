"""Pictures as browsers show them."""

from __future__ import annotations

from pathlib import Path

import pyvips

from ganfx.errors import ItemError, PictureSizeError
from ganfx.files.source import checked_format, open_upright
from ganfx.files.vips import reading
from ganfx.imaging.picture import Box

_QUALITY = 94


def view(path: Path, side: int, *, box: Box | None = None, is_own: bool = False) -> tuple[bytes, str]:
    """The picture at `path`, or its part in `box`, in sRGB with no side longer than `side`, and its media type.

    JPEG, or PNG where there is transparency. `is_own` is whether ganfx wrote it. A box is cut to the picture. Raises
    UnreadableError or PictureSizeError, also for a box outside.
    """
    with ItemError.about(path):
        image = open_upright(path, checked_format(path), is_own=is_own)[0]
    with reading():
        small = (_cut(image, box) if box else image).thumbnail_image(
            side, height=side, size="down", output_profile="srgb"
        )
        small = small.colourspace("srgb").cast("uchar")
        if small.hasalpha():
            return bytes(small.pngsave_buffer(compression=1, keep="none")), "image/png"
        return bytes(small.jpegsave_buffer(Q=_QUALITY, subsample_mode="off", keep="none")), "image/jpeg"


def _cut(image: pyvips.Image, box: Box) -> pyvips.Image:
    right, bottom = min(box.right, image.width), min(box.bottom, image.height)
    if box.left >= right or box.top >= bottom:
        raise PictureSizeError("that part is outside the picture")
    return image.crop(box.left, box.top, right - box.left, bottom - box.top)
