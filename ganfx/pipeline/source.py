"""Where the pipeline reads pixels from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ganfx.imaging.picture import Box, Picture, PictureInfo

# Is told how many pixels are finished, of those that its documentation names; may raise to interrupt.
PixelProgress = Callable[[int], None]


class Source(Protocol):
    """Where pixels come from: a Picture, or a file that is read in parts.

    width, height   pixels
    has_alpha       whether any part has an alpha
    info            what goes to the result besides pixels
    rows            the rows from `top` up to, and without, `bottom`
    crop            the part in a box
    """

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def has_alpha(self) -> bool: ...
    @property
    def info(self) -> PictureInfo: ...
    def rows(self, top: int, bottom: int) -> Picture: ...
    def crop(self, box: Box) -> Picture: ...
