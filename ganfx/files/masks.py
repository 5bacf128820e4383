"""Masks (H, W) in [0, 1], 1 = fill, read from files: by brightness, by transparency, or by one color."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganfx.atomic import CommitHook
from ganfx.errors import ItemError, MaskError, OptionError
from ganfx.files.budget import check_memory
from ganfx.files.reader import PictureReader, open_reader
from ganfx.files.samples import floats_of
from ganfx.files.writer import save_picture
from ganfx.imaging.color import LUMA
from ganfx.imaging.picture import Floats, Mask, Picture, PictureInfo

_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
# Greatest difference of a channel, of 255: includes JPEG's errors in a painted color, excludes a soft brush's rim.
COLOR_TOLERANCE = 32


@dataclass(frozen=True)
class MaskSource:
    """Where a mask comes from.

    path    the file that holds it; None: the picture itself
    color   the mask is what is painted in this color, "#rrggbb"; None: the brightness of a file, or the transparency
            of the picture
    """

    path: Path | None = None
    color: str | None = None

    @property
    def is_alpha(self) -> bool:
        """Whether the picture's own transparency is the mask."""
        return self.path is None and self.color is None

    def read(self, picture: PictureReader) -> Mask:
        """The mask for `picture`. Raises MaskError, UnreadableError or OptionError (no valid color)."""
        if self.path is not None:
            return read_mask(self.path, (picture.width, picture.height), color=self.color)
        return mask_of_alpha(picture) if self.color is None else mask_of_color(picture, self.color)


def read_mask(path: str | Path, size: tuple[int, int], *, color: str | None = None) -> Mask:
    """The mask in the file at `path`, for a picture of `size` (width, height), upright.

    White is 1, by the file's own numbers and not by its color profile; what is transparent is 0. With `color` the
    file is a copy of the picture and the mask is what is painted in that color. Raises MaskError where the sizes
    differ, UnreadableError, PictureSizeError or OptionError.
    """
    with ItemError.about(path):
        reader = open_reader(path)
    with reader:
        if (reader.width, reader.height) != size:
            raise MaskError(
                f"mask is {reader.width}x{reader.height}, image is {size[0]}x{size[1]}",
                hint="scale or crop the mask to the picture's size",
            )
        with ItemError.about(path):
            return mask_of_color(reader, color) if color else _collected(reader, lambda raw: _brightness(reader, raw))


def mask_of_alpha(picture: PictureReader) -> Mask:
    """What is transparent in a picture: 1 - alpha. Raises MaskError where it has no alpha."""
    if not picture.has_alpha:
        raise MaskError("the picture has no alpha to be its mask", hint="name a mask: --mask FILE")
    return _collected(picture, lambda raw: 1 - _in_unit(raw[..., -1]))


def mask_of_color(picture: PictureReader, color: str, tolerance: int = COLOR_TOLERANCE) -> Mask:
    """What is painted in `color` ('#ff00ff'), compared with the file's own numbers: 1 there, else 0.

    tolerance is the greatest difference of a channel, of 255. Raises OptionError where `color` is not a color.
    """
    wanted = np.array(parse_color(color), np.float32) / 255

    def painted(raw: NDArray[Any]) -> Mask:
        colors, alpha = _split(picture, raw)
        near = (np.abs(colors - wanted) <= np.float32(tolerance / 255)).all(axis=-1)
        return np.asarray(near if alpha is None else near & (alpha > 0), np.float32)

    return _collected(picture, painted)


def parse_color(text: str) -> tuple[int, int, int]:
    """'#rrggbb' or '#rgb' as (R, G, B) 0..255. Raises OptionError."""
    found = _HEX.fullmatch(text.strip())
    if not found:
        raise OptionError(f"{text!r} is not a color", hint="write it as '#ff00ff', in quotes")
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def _collected(reader: PictureReader, value: Callable[[NDArray[Any]], Mask]) -> Mask:
    # Pages of zeros that are never written take no memory, and most masks are mostly empty.
    mask = np.zeros((reader.height, reader.width), np.float32)
    top = taken = 0
    for raw in reader.samples():
        part = value(raw)
        if part.any():
            taken += part.nbytes
            check_memory(taken, f"mask of {reader.width}x{reader.height} pixels")
            mask[top : top + len(raw)] = part
        top += len(raw)
    return mask


def _brightness(reader: PictureReader, raw: NDArray[Any]) -> Mask:
    colors, alpha = _split(reader, raw)
    light = np.clip(colors @ LUMA if colors.shape[-1] == 3 else colors[..., 0], 0, 1)
    return light if alpha is None else light * alpha


def _split(reader: PictureReader, raw: NDArray[Any]) -> tuple[Floats, Floats | None]:
    """Samples as colors (rows, W, 1 or 3) and alpha (rows, W), in the file's own numbers."""
    values = _in_unit(raw)
    return values[..., : reader.colors], values[..., -1] if reader.has_alpha else None


def _in_unit(raw: NDArray[Any]) -> Floats:
    return np.asarray(np.clip(floats_of(raw), 0, 1), np.float32)


def save_mask(
    mask: Mask,
    path: str | Path,
    *,
    overwrite: bool = False,
    commit_hook: CommitHook | None = None,
    below: Path | None = None,
) -> None:
    """Write `mask` as a grey picture, to be looked at and edited. Raises as `save_picture` does."""
    grey = np.broadcast_to(mask[..., None], (*mask.shape, 3))
    picture = Picture(grey, info=PictureInfo(grey=True))
    save_picture(picture, path, overwrite=overwrite, commit_hook=commit_hook, below=below)
