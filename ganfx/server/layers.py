"""Results as layers above the source picture: transparent outside the part that is to be seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from ganfx.errors import MaskError
from ganfx.imaging.picture import Mask, Picture
from ganfx.pipeline import BoundFilter, assemble

# Changed pixels are dilated by two, so that unchanged pixels within the fill do not show the layer below.
_DILATION = np.ones((5, 5), np.uint8)


def as_layer(
    pieces: Iterable[Picture], source: Picture, bound_filter: BoundFilter, selection: Mask | None
) -> Iterable[Picture]:
    """The results `pieces` (horizontal strips from the top) with their alpha restricted to the visible part.

    For a retouching filter that is what differs from `source`, within `selection` (H, W), values 0 to 1, unless that
    was the fill mask itself. For other filters it is `selection`, or everything if there is none or the result is
    enlarged. Raises MaskError if a retouch changed nothing.
    """
    size = source.width, source.height
    if bound_filter.filter.retouch is None:
        is_same_size = bound_filter.output_size(size) == size
        return _with_alpha(pieces, selection) if selection is not None and is_same_size else pieces
    result = assemble(pieces, size)
    visible = _changed_pixels(result, source)
    if selection is not None and not bound_filter.filter.needs_mask:
        visible *= selection
    if not visible.any():
        raise MaskError("nothing was found to be changed")
    return _with_alpha([result], visible)


def _changed_pixels(after: Picture, before: Picture) -> Mask:
    changed = (after.rgb != before.rgb).any(axis=2).astype(np.float32)
    return np.asarray(cv2.dilate(changed, _DILATION), np.float32)


def _with_alpha(pieces: Iterable[Picture], mask: Mask) -> Iterator[Picture]:
    """`pieces` with their alpha multiplied by `mask` (H, W)."""
    top = 0
    for piece in pieces:
        rows = mask[top : top + piece.height]
        yield dataclasses.replace(piece, alpha=rows if piece.alpha is None else piece.alpha * rows)
        top += piece.height
