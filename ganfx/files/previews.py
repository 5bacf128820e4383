"""Small pictures of what was and what became of it, ready for a page."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyvips

from ganfx.errors import ItemError
from ganfx.files.source import checked_format, open_upright
from ganfx.files.vips import reading
from ganfx.imaging.picture import Box

_QUALITY = 80
# Behind transparency, where neither white nor black would hide anything.
_GREY = [128.0, 128.0, 128.0]


class Preview(NamedTuple):
    """The same part of a picture before and after, as JPEG in sRGB; size is (width, height) in pixels of `after`.

    is_piece says whether it is a piece as it is, not the whole reduced.
    """

    before: bytes
    after: bytes
    size: tuple[int, int]
    is_piece: bool


def preview(before: Path, after: Path, side: int) -> Preview:
    """Both pictures with `side` pixels a side at most.

    An enlarged picture shows nothing once it is reduced: where it is more than twice as large, its liveliest piece is
    shown, as it is. Raises UnreadableError or PictureSizeError.
    """
    old, new = _open(before), _open(after)
    with reading():
        whole = _reduced(after, side)
        if new.width <= old.width or max(new.width, new.height) <= 2 * side:
            return Preview(_jpeg(_reduced(before, side)), _jpeg(whole), (whole.width, whole.height), False)
        box = _liveliest(whole, new.width, new.height, side)
        scale = new.width / old.width
        return Preview(_piece(old, box, scale), _piece(new, box, 1), (box.width, box.height), True)


def _open(path: Path) -> pyvips.Image:
    with ItemError.about(path):
        return open_upright(path, checked_format(path))[0]


def _reduced(path: Path, side: int) -> pyvips.Image:
    image = pyvips.Image.thumbnail(str(path), side, height=side, size="down", export_profile="srgb", fail_on="error")
    return image.copy_memory()


def _liveliest(whole: pyvips.Image, width: int, height: int, side: int) -> Box:
    """Where in the picture of (width, height) that `whole` is reduced from to look, for `side` pixels across."""
    wide, high = min(side, width), min(side * 3 // 4, height)
    scale = width / whole.width
    cut = whole.smartcrop(max(1, int(wide / scale)), max(1, int(high / scale)), interesting="entropy")
    # What was cut off at the left and the top is left in the offsets.
    left, top = min(int(-cut.xoffset * scale), width - wide), min(int(-cut.yoffset * scale), height - high)
    return Box(left, top, left + wide, top + high)


def _piece(image: pyvips.Image, box: Box, scale: float) -> bytes:
    """What `box`, of a picture `scale` times larger, shows of `image`."""
    left, top = int(box.left / scale), int(box.top / scale)
    width, height = (max(1, round(length / scale)) for length in (box.width, box.height))
    cut = image.crop(left, top, min(width, image.width - left), min(height, image.height - top))
    return _jpeg(cut.thumbnail_image(cut.width, height=cut.height, size="force", export_profile="srgb"))


def _jpeg(image: pyvips.Image) -> bytes:
    opaque = image.flatten(background=_GREY) if image.hasalpha() else image
    data: bytes = opaque.jpegsave_buffer(Q=_QUALITY, optimize_coding=True, keep="none")
    return data
