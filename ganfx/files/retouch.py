"""Patches written over the samples of a file, which are copied and not converted wherever nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganfx.files.encoding import Encoding
from ganfx.files.reader import PictureReader
from ganfx.imaging.picture import Box, Patch


class _Encoded(NamedTuple):
    """A patch as samples (H, W, bands)."""

    box: Box
    samples: NDArray[Any]
    changed: NDArray[np.bool_]

    def put_into(self, rows: NDArray[Any], top: int) -> None:
        """Write the changed pixels into `rows`, the first of which is row `top` of the picture."""
        first, last = max(self.box.top, top), min(self.box.bottom, top + len(rows))
        own = slice(first - self.box.top, last - self.box.top)
        changed = self.changed[own]
        rows[first - top : last - top, self.box.left : self.box.right][changed] = self.samples[own][changed]


def retouched(reader: PictureReader, patches: Iterable[Patch], encoding: Encoding) -> Iterator[NDArray[Any]]:
    """The picture's samples (rows, W, bands) with `patches` applied, from the top row down, as `encoding` stores them.

    Where no patch changes a pixel, samples are those of the file, if `encoding` can hold them. Patches are ordered by
    their boxes' tops, and taken from their iterator only when the rows reach them.
    """
    pending = _PendingPatches(patches, encoding)
    top = 0
    for raw in reader.samples():
        own = encoding.holds(raw.dtype, raw.shape[-1], reader.info)
        rows = raw.copy() if own else encoding.samples(reader.decoded(raw))
        for patch in pending.over(top, top + len(rows)):
            patch.put_into(rows, top)
        yield rows
        top += len(rows)


class _PendingPatches:
    """Takes patches when the rows reach them, and drops those that lie above."""

    def __init__(self, patches: Iterable[Patch], encoding: Encoding) -> None:
        self._patches, self._encoding = iter(patches), encoding
        self._active: list[_Encoded] = []
        self._exhausted = False

    def over(self, top: int, bottom: int) -> list[_Encoded]:
        """The patches that reach into the rows from `top` up to `bottom`."""
        self._active = [patch for patch in self._active if patch.box.bottom > top]
        while not self._exhausted and (not self._active or self._active[-1].box.top < bottom):
            self._take()
        return [patch for patch in self._active if patch.box.top < bottom]

    def _take(self) -> None:
        patch = next(self._patches, None)
        if patch is None:
            self._exhausted = True
        else:
            self._active.append(_Encoded(patch.box, self._encoding.samples(patch.picture), patch.changed))
