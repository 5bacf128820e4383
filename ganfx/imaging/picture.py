"""Picture: pixels in memory, and what travels with them from the file read to the file written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# (H, W) in [0, 1]: 1 = fill, 0 = keep.
Mask = NDArray[np.float32]


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, from (left, top) up to, and without, (right, bottom).

    left, right   columns, counted from 0 at the left edge
    top, bottom   rows, counted from 0 at the upper edge
    """

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def window(self) -> tuple[slice, slice]:
        """The index of the rectangle in an array (H, W, ...)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True)
class PictureInfo:
    """What a picture is besides its pixels.

    bits       bits per sample to save with: 8 or 16
    grey       one channel in the file; rgb then holds three equal ones
    metadata   ICC, EXIF, XMP, IPTC and resolution, which `ganfx.files` alone reads and writes; empty: none
    notes      sentences for the user about what could not be kept
    """

    bits: int = 8
    grey: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def with_dpi(self, dpi: float) -> PictureInfo:
        """The same with another resolution in dots per inch."""
        return dataclasses.replace(self, metadata={**self.metadata, "dpi": (dpi, dpi)})


@dataclass(frozen=True)
class Picture:
    """Pixels as floats. The arrays are shared between pictures and never written to.

    rgb     (H, W, 3) float32, sRGB-encoded, in [0, 1]; beyond that where the file's gamut is wider than sRGB
    alpha   (H, W) float32 in [0, 1], 1 = opaque, not premultiplied; None: opaque throughout
    info    what is kept besides pixels
    """

    rgb: Floats
    alpha: Floats | None = None
    info: PictureInfo = field(default_factory=PictureInfo)

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def has_alpha(self) -> bool:
        return self.alpha is not None

    def rows(self, top: int, bottom: int) -> Picture:
        """The rows from `top` up to, and without, `bottom`, as views."""
        return self.crop(Box(0, top, self.width, bottom))

    def crop(self, box: Box) -> Picture:
        """The part in `box`, as views."""
        alpha = None if self.alpha is None else self.alpha[box.window]
        return dataclasses.replace(self, rgb=self.rgb[box.window], alpha=alpha)


@dataclass(frozen=True)
class Patch:
    """New pixels for a rectangle of a picture.

    box       where they belong
    picture   the pixels, of the box's size
    changed   (H, W): True where a pixel replaces the one there; the others are to be left alone
    """

    box: Box
    picture: Picture
    changed: NDArray[np.bool_]
