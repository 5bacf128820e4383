"""Picture: what a filter sees of a photograph, and all that must survive the filter."""

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
    """A part of a picture: the pixels from (left, top) up to, and without, (right, bottom)."""

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
        """The index of the part in an array (H, W, ...)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True)
class PictureInfo:
    """What a picture is besides its pixels; travels from the file read to the file written.

    bits is 8 or 16, the depth to save with. grey pictures have three equal channels inside and one in the file.
    metadata belongs to `ganfx.files`, which alone reads and writes it (ICC, EXIF, XMP, resolution).
    notes are sentences for the user about what could not be kept.
    """

    bits: int = 8
    grey: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """rgb (H, W, 3) float32, sRGB-encoded; [0, 1], or a little past it where the file's gamut is wider.

    alpha (H, W) float32 in [0, 1], straight, or None where the picture is opaque throughout. The arrays are
    shared, never written to.
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
        """The rows from `top` up to `bottom`, as views."""
        return self.crop(Box(0, top, self.width, bottom))

    def crop(self, box: Box) -> Picture:
        """The part in `box`, as views."""
        alpha = None if self.alpha is None else self.alpha[box.window]
        return dataclasses.replace(self, rgb=self.rgb[box.window], alpha=alpha)


@dataclass(frozen=True)
class Patch:
    """New pixels for one part of a picture: of `picture`, which has the size of `box`, those that are `changed`.

    changed (H, W) is True where a pixel may differ from what the picture has there now.
    """

    box: Box
    picture: Picture
    changed: NDArray[np.bool_]
