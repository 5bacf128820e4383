"""Inpainting: holes filled from what is around them, and nothing else touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganfx.filters.base import Filter, Infer, Option, Region, Retouch, Values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganfx.imaging.picture import Box, Floats, Mask, Picture
    from ganfx.spec import ModelSpec

    Hole = NDArray[np.bool_]

# Selections come feathered and masks as JPEG: what is nearly black keeps, what is nearly white fills.
NEARLY = 1 / 16
# Holes closer than about this share one region.
CELL = 32
# What a fill sees around its hole: as much as the hole's size, within these pixels.
LEAST_CONTEXT, MOST_CONTEXT = 96, 256
# The largest side that is filled in one go, and how thick a hole may be to be filled without a guess.
FIELD, THIN = 512, 16
# Pieces are cores of this side, seen with the context of a whole FIELD.
CORE = 256
GUESSED, UNKNOWN = 0.5, 1.0


def ready(mask: Mask, options: Values) -> Mask:
    """The mask with its nearly black and white made so, grown by `grow` and feathered inwards by `feather` pixels."""
    import cv2
    import numpy as np

    grow, feather = options["grow"], options["feather"]
    used = np.zeros_like(mask)
    if not (mask >= NEARLY).any():
        return used
    where = _around(mask >= NEARLY, grow + 1)
    inner = mask[where]
    inner = np.asarray(np.where(inner < NEARLY, 0, np.where(inner > 1 - NEARLY, 1, inner)), np.float32)
    if grow:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1))
        inner = np.asarray(cv2.dilate(inner, disc), np.float32)
    if feather:
        # The picture's edge is no edge of the hole: distances grow towards it.
        depth = cv2.distanceTransform((inner > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        inner = np.asarray(inner * np.minimum(depth / (feather + 1), 1), np.float32)
    used[where] = inner
    return used


def _around(hole: Hole, margin: int) -> tuple[slice, slice]:
    """The rows and columns that `hole` reaches over, and `margin` more where there are any."""
    import numpy as np

    spans = []
    for axis in (1, 0):
        taken = np.flatnonzero(hole.any(axis))
        spans.append(slice(max(int(taken[0]) - margin, 0), int(taken[-1]) + 1 + margin))
    return spans[0], spans[1]


def regions(mask: Mask, options: Values) -> list[Region]:
    """A region for each hole or group of near ones."""
    import cv2
    import numpy as np

    hole = mask > 0
    height, width = hole.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    padded = np.pad(hole, ((0, rows * CELL - height), (0, columns * CELL - width)))
    cells = np.asarray(padded.reshape(rows, CELL, columns, CELL).any((1, 3)), np.uint8)
    count, labels = cv2.connectedComponents(cells, connectivity=8)
    found = [_region(mask, labels == label) for label in range(1, count)]
    return sorted(found, key=lambda region: region.box.top)


def _region(mask: Mask, cells: Hole) -> Region:
    from ganfx.imaging.picture import Box

    height, width = mask.shape
    down, across = _around(cells, 0)
    top, left = down.start * CELL, across.start * CELL
    own = mask[top : down.stop * CELL, left : across.stop * CELL]
    member = cells[down, across].repeat(CELL, 0).repeat(CELL, 1)[: own.shape[0], : own.shape[1]]
    inner_down, inner_across = _around((own > 0) & member, 0)
    size = max(inner_down.stop - inner_down.start, inner_across.stop - inner_across.start)
    context = min(max(size, LEAST_CONTEXT), MOST_CONTEXT)
    box = Box(
        max(left + inner_across.start - context, 0),
        max(top + inner_down.start - context, 0),
        min(left + inner_across.stop + context, width),
        min(top + inner_down.stop + context, height),
    )
    return Region(box, _owned(mask, cells, box))


def _owned(mask: Mask, cells: Hole, box: Box) -> Mask:
    import numpy as np

    down, across = np.arange(box.top, box.bottom) // CELL, np.arange(box.left, box.right) // CELL
    return np.asarray(mask[box.top : box.bottom, box.left : box.right] * cells[np.ix_(down, across)], np.float32)


def fill(picture: Picture, mask: Mask, options: Values, spec: ModelSpec, infer: Infer) -> Picture:
    """The picture with every masked pixel made anew."""
    import numpy as np

    from ganfx.imaging.color import bleed, grey_of

    rgb = picture.rgb if picture.alpha is None else bleed(picture.rgb, picture.alpha, LEAST_CONTEXT // 4)
    rgb = filled(np.clip(rgb, 0, 1), mask > 0, infer)
    return dataclasses.replace(picture, rgb=grey_of(rgb) if picture.info.grey else rgb)


def filled(rgb: Floats, hole: Hole, infer: Infer) -> Floats:
    """rgb (H, W, 3) in [0, 1] with `hole` (H, W) filled.

    What is thin is the network's alone. What is thick gets a guess first, from patches of what is around it; the
    network then makes it whole.
    """
    import numpy as np

    from ganfx.imaging.patchmatch import fill_with_patches

    thick = _thick(hole)
    if thick.any():
        rgb = fill_with_patches(rgb, hole)
    return _piece_by_piece(rgb, np.where(thick, np.float32(GUESSED), hole * np.float32(UNKNOWN)), infer)


def _thick(hole: Hole) -> Hole:
    """Those parts of the hole that a disc of `THIN` pixels fits into (a morphological opening), and their fringes."""
    import cv2
    import numpy as np

    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (THIN, THIN))
    opened = cv2.morphologyEx(hole.astype(np.uint8), cv2.MORPH_OPEN, disc)
    return np.asarray((cv2.dilate(opened, disc) > 0) & hole)


def _piece_by_piece(rgb: Floats, codes: Mask, infer: Infer) -> Floats:
    """Core after core, so that each goes on from what the one before has made."""
    import numpy as np

    if max(codes.shape) <= FIELD:
        return _seen(rgb, codes, infer)
    rgb, codes = rgb.copy(), codes.copy()
    for core, window in _pieces(*codes.shape):
        if not codes[core].any():
            continue
        inner = tuple(slice(c.start - w.start, c.stop - w.start) for c, w in zip(core, window, strict=True))
        output = _seen(rgb[window], codes[window], infer)[inner]
        rgb[core] = np.where(codes[core][..., None] > 0, output, rgb[core])
        codes[core] = 0
    return rgb


def _pieces(height: int, width: int) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Every core, and the window around it that stays inside the picture."""
    for top in range(0, height, CORE):
        for left in range(0, width, CORE):
            core = slice(top, min(top + CORE, height)), slice(left, min(left + CORE, width))
            yield core, (_window(top, height), _window(left, width))


def _window(start: int, length: int) -> slice:
    begin = max(0, min(start - (FIELD - CORE) // 2, length - FIELD))
    return slice(begin, min(begin + FIELD, length))


def _seen(rgb: Floats, codes: Mask, infer: Infer) -> Floats:
    import numpy as np

    output = infer(np.concatenate([rgb, codes[..., None]], axis=-1))
    return np.clip(np.where(codes[..., None] > 0, output, rgb), 0, 1)


FILTER = Filter(
    name="inpaint",
    help="Fill what a mask marks, and touch nothing else.",
    retouch=Retouch(mask=ready, regions=regions, fill=fill),
    options=(
        Option("grow", int, 0, "Make the hole wider by so many pixels.", bounds=(0, 500)),
        Option("feather", int, 0, "Blend over so many pixels inside the hole's edge.", bounds=(0, 500)),
    ),
    suffix="inpaint",
    example="ganfx inpaint photo.jpg --mask mask.png",
)
