"""Small pictures of an input and its result, for a page."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyvips

from ganfx.errors import ItemError
from ganfx.files.source import checked_format, open_upright
from ganfx.files.vips import opened, reading
from ganfx.imaging.picture import Box, Floats

_QUALITY = 80
# The background of transparent pictures: neither white nor black content disappears on it.
_GREY = [128.0, 128.0, 128.0]


class Preview(NamedTuple):
    """The same part of a picture before and after.

    before    JPEG in sRGB
    after     JPEG in sRGB
    size      (width, height) in pixels of `after`
    is_crop   a crop at full size; False: the whole picture, reduced
    """

    before: bytes
    after: bytes
    size: tuple[int, int]
    is_crop: bool


def preview(before: Path, after: Path, side: int) -> Preview:
    """Both pictures with a long side of at most `side` pixels.

    Where the result is enlarged and its long side is more than twice `side`, which would hide the difference, both are
    the crop with the most detail, at full size. Raises UnreadableError or PictureSizeError.
    """
    old, new = _open(before), _open(after, is_own=True)
    with reading():
        whole = _reduced(after, side)
        if new.width <= old.width or max(new.width, new.height) <= 2 * side:
            return Preview(_jpeg(_reduced(before, side)), _jpeg(whole), (whole.width, whole.height), False)
        box = _most_detailed(whole, new.width, new.height, side)
        scale = new.width / old.width
        return Preview(_crop(old, box, scale), _crop(new, box, 1), (box.width, box.height), True)


def piece(path: Path, box: Box, size: tuple[int, int], side: int, *, is_own: bool = False) -> Floats:
    """The part of a picture in `box`, with a long side of at most `side` pixels, as (H, W, 3) in [0, 1] on grey.

    The box is of a picture of `size` (width, height); one of another size is cut in proportion. Raises UnreadableError
    or PictureSizeError.
    """
    image = _open(path, is_own=is_own)
    with reading():
        cut = _cut(image, box, size[0] / image.width)
        small = _opaque(cut.thumbnail_image(side, height=side, size="down", export_profile="srgb"))
        samples = small.colourspace("srgb").cast("uchar").numpy()
    return np.asarray(samples / 255, np.float32)


def _open(path: Path, *, is_own: bool = False) -> pyvips.Image:
    with ItemError.about(path):
        return open_upright(path, checked_format(path), is_own=is_own)[0]


def _reduced(path: Path, side: int) -> pyvips.Image:
    with opened(path) as source:
        image = pyvips.Image.thumbnail_source(
            source, side, height=side, size="down", export_profile="srgb", fail_on="error"
        )
        return image.copy_memory()


def _most_detailed(whole: pyvips.Image, width: int, height: int, side: int) -> Box:
    """The crop, `side` pixels wide, with the highest entropy of the picture (width, height) reduced to `whole`."""
    wide, high = min(side, width), min(side * 3 // 4, height)
    scale = width / whole.width
    cut = whole.smartcrop(max(1, int(wide / scale)), max(1, int(high / scale)), interesting="entropy")
    # The offsets hold what was cropped at the left and the top, negated.
    left, top = min(int(-cut.xoffset * scale), width - wide), min(int(-cut.yoffset * scale), height - high)
    return Box(left, top, left + wide, top + high)


def _cut(image: pyvips.Image, box: Box, scale: float) -> pyvips.Image:
    """The part of `image` that corresponds to `box`, which is of a picture `scale` times larger."""
    left, top = int(box.left / scale), int(box.top / scale)
    width, height = (max(1, round(length / scale)) for length in (box.width, box.height))
    return image.crop(left, top, min(width, image.width - left), min(height, image.height - top))


def _crop(image: pyvips.Image, box: Box, scale: float) -> bytes:
    cut = _cut(image, box, scale)
    return _jpeg(cut.thumbnail_image(cut.width, height=cut.height, size="force", export_profile="srgb"))


def _opaque(image: pyvips.Image) -> pyvips.Image:
    return image.flatten(background=_GREY) if image.hasalpha() else image


def _jpeg(image: pyvips.Image) -> bytes:
    data: bytes = _opaque(image).jpegsave_buffer(Q=_QUALITY, optimize_coding=True, keep="none")
    return data
