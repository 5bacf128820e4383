"""Answers that painting programs lay above the picture: clear where nothing is to be seen of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from ganfx.errors import MaskError
from ganfx.imaging.picture import Mask, Picture
from ganfx.pipeline import BoundFilter, assemble

# What was filled shows with the two pixels around it, so that small gaps in it do not show what is below.
_AROUND = np.ones((5, 5), np.uint8)


def as_layer(pieces: Iterable[Picture], source: Picture, work: BoundFilter, selected: Mask | None) -> Iterable[Picture]:
    """What is to be seen of `pieces`, rows from the top, that `work` makes of `source`.

    Of something retouched, that is what it changed; of all else what is `selected`, but for what is larger than that.
    Raises MaskError where nothing was changed.
    """
    if work.filter.retouch is None:
        return pieces if selected is None or work.scale > 1 else _within(pieces, selected)
    whole = assemble(pieces, (source.width, source.height))
    seen = _changed(whole, source)
    if selected is not None and not work.filter.needs_mask:
        seen *= selected
    if not seen.any():
        raise MaskError("nothing was found to be changed")
    return _within([whole], seen)


def _changed(after: Picture, before: Picture) -> Mask:
    return np.asarray(cv2.dilate((after.rgb != before.rgb).any(axis=2).astype(np.float32), _AROUND), np.float32)


def _within(pieces: Iterable[Picture], seen: Mask) -> Iterator[Picture]:
    """`pieces` with their alpha times `seen`."""
    top = 0
    for piece in pieces:
        part = seen[top : top + piece.height]
        yield dataclasses.replace(piece, alpha=part if piece.alpha is None else piece.alpha * part)
        top += piece.height
