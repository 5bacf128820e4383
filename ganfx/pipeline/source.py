"""Where the pipeline reads pixels from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from ganfx.imaging.picture import Box, Picture, PictureInfo


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


class StreamedSource:
    """The result of one filter as the source of the next, while it is made: rows can only be read once, downwards.

    chunks: the rows, top to bottom, of a picture that is like `source`, but for its `size` (width, height) if given.
    """

    def __init__(self, source: Source, chunks: Iterator[Picture], size: tuple[int, int] | None = None) -> None:
        self.width, self.height = size or (source.width, source.height)
        self.has_alpha, self.info = source.has_alpha, source.info
        self._chunks = chunks
        self._kept: Picture | None = None
        self._first = 0

    def rows(self, top: int, bottom: int) -> Picture:
        """The rows from `top` up to `bottom`; those above `top` are forgotten."""
        kept = self._kept
        while kept is None or self._first + kept.height < bottom:
            kept = stacked(kept, next(self._chunks)) if kept else next(self._chunks)
        self._kept, self._first = kept.rows(top - self._first, kept.height), top
        return self._kept.rows(0, bottom - top)

    def crop(self, box: Box) -> Picture:
        """Not possible, since a row is gone once it is read. Raises NotImplementedError."""
        raise NotImplementedError("a stream has no crops")


def stacked(upper: Picture, lower: Picture) -> Picture:
    """Rows of one picture below others of it."""
    alpha = None
    if upper.alpha is not None and lower.alpha is not None:
        alpha = np.concatenate([upper.alpha, lower.alpha])
    return dataclasses.replace(upper, rgb=np.concatenate([upper.rgb, lower.rgb]), alpha=alpha)
