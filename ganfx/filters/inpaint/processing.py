"""Inpainting on arrays: the mask, the regions it is cut into, and how a hole is filled."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.filters.base import AUTO, SEED, Infer, Region, Values
from ganfx.imaging.color import bleed, grey_of
from ganfx.imaging.patches import fill_with_patches
from ganfx.imaging.picture import Box, Floats, Mask, Picture
from ganfx.spec import ModelSpec

Hole = NDArray[np.bool_]

# Mask values up to this far from 0 and 1 count as 0 and 1: selections are feathered, and JPEG masks have ringing.
MASK_TOLERANCE = 1 / 16
# The soft edge of things, in pixels: at least, and one more for so many of the picture's longer side.
SOFT_EDGE, SOFT_EDGE_SIDE = 1, 1000
# Holes are grouped into regions on a grid of this cell size, in pixels.
CELL = 32
# Context around a region's hole, in pixels: as much as the hole's longer side, within these limits.
MIN_CONTEXT, MAX_CONTEXT = 96, 1024
# Side of the largest input to the network, in pixels; of a larger region, tiles of TILE are run and their inner CORE
# is kept.
TILE, CORE = 512, 256
# Parts of a hole that a disc of this diameter fits into are filled with patches, and others by the network.
THICK = 16
# The value of the network's mask channel where rgb holds nothing; 0 where it is known.
UNKNOWN = 1.0


def prepare_mask(mask: Mask, options: Values) -> Mask:
    """mask (H, W) snapped to 0 and 1 where nearly so, grown by `grow` and feathered inwards by `feather` pixels.

    `grow` may be AUTO: as wide as the soft edge of things is in photographs of that size.
    """
    grow, feather = options["grow"], options["feather"]
    if grow == AUTO:
        grow = SOFT_EDGE + round(max(mask.shape) / SOFT_EDGE_SIDE)
    used = np.zeros_like(mask)
    if not (mask >= MASK_TOLERANCE).any():
        return used
    where = _bounds(mask >= MASK_TOLERANCE, grow + 1)
    inner = mask[where]
    inner = np.asarray(np.where(inner < MASK_TOLERANCE, 0, np.where(inner > 1 - MASK_TOLERANCE, 1, inner)), np.float32)
    if grow:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1))
        inner = np.asarray(cv2.dilate(inner, disc), np.float32)
    if feather:
        # The picture's edge is not an edge of the hole: the distance is to the nearest pixel that is kept.
        depth = cv2.distanceTransform((inner > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        inner = np.asarray(inner * np.minimum(depth / (feather + 1), 1), np.float32)
    used[where] = inner
    return used


def _bounds(hole: Hole, margin: int) -> tuple[slice, slice]:
    """The rows and columns of the bounding box of `hole`, extended by `margin`; they may end past the array."""
    spans = []
    for axis in (1, 0):
        taken = np.flatnonzero(hole.any(axis))
        spans.append(slice(max(int(taken[0]) - margin, 0), int(taken[-1]) + 1 + margin))
    return spans[0], spans[1]


def find_regions(mask: Mask, options: Values) -> list[Region]:
    """A region for each connected component of the grid cells that `mask` (H, W) touches, by their boxes' tops."""
    hole = mask > 0
    height, width = hole.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    padded = np.pad(hole, ((0, rows * CELL - height), (0, columns * CELL - width)))
    cells = np.asarray(padded.reshape(rows, CELL, columns, CELL).any((1, 3)), np.uint8)
    count, labels = cv2.connectedComponents(cells, connectivity=8)
    found = [_region(mask, labels == label) for label in range(1, count)]
    return sorted(found, key=lambda region: region.box.top)


def _region(mask: Mask, cells: Hole) -> Region:
    height, width = mask.shape
    down, across = _bounds(cells, 0)
    top, left = down.start * CELL, across.start * CELL
    own = mask[top : down.stop * CELL, left : across.stop * CELL]
    member = cells[down, across].repeat(CELL, 0).repeat(CELL, 1)[: own.shape[0], : own.shape[1]]
    inner_down, inner_across = _bounds((own > 0) & member, 0)
    size = max(inner_down.stop - inner_down.start, inner_across.stop - inner_across.start)
    context = min(max(size, MIN_CONTEXT), MAX_CONTEXT)
    box = Box(
        max(left + inner_across.start - context, 0),
        max(top + inner_down.start - context, 0),
        min(left + inner_across.stop + context, width),
        min(top + inner_down.stop + context, height),
    )
    return Region(box, _owned(mask, cells, box))


def _owned(mask: Mask, cells: Hole, box: Box) -> Mask:
    """The part of `mask` in `box` that lies in `cells`."""
    down, across = np.arange(box.top, box.bottom) // CELL, np.arange(box.left, box.right) // CELL
    return np.asarray(mask[box.window] * cells[np.ix_(down, across)], np.float32)


def fill(picture: Picture, mask: Mask, options: Values, spec: ModelSpec, infer: Infer) -> Picture:
    """`picture` with new colors wherever mask (H, W) is above 0; grey where the picture is."""
    rgb = picture.rgb if picture.alpha is None else bleed(picture.rgb, picture.alpha, MIN_CONTEXT // 4)
    rgb = fill_hole(np.clip(rgb, 0, 1), mask > 0, infer, options.get(SEED, 0))
    return dataclasses.replace(picture, rgb=grey_of(rgb) if picture.info.grey else rgb)


def has_choices(mask: Mask, region: Region) -> bool:
    """Whether another seed fills the region in another way; mask (H, W) is that in its box."""
    return bool((_thick_parts(mask > 0) & (region.own > 0)).any())


def fill_hole(rgb: Floats, hole: Hole, infer: Infer, seed: int = 0) -> Floats:
    """rgb (H, W, 3) in [0, 1] with `hole` (H, W) filled; the same for the same seed.

    Thin parts are the network's. Thick ones are filled with pieces of what is around them, at any size: the network
    is not asked there, for it only takes sharpness away. Of things the thick parts come first, and of cracks, which
    are thick in few places, the thin ones: there is much less to lay out then.
    """
    thick = _thick_parts(hole)
    thin = hole & ~thick
    if thick.sum() < thin.sum():
        rgb = _fill_by_tiles(rgb, hole, thin, infer)
        return fill_with_patches(rgb, thick, seed) if thick.any() else rgb
    return _fill_by_tiles(fill_with_patches(rgb, hole, seed), thin, thin, infer)


def _thick_parts(hole: Hole) -> Hole:
    """The parts of the hole that a disc of `THICK` pixels fits into (morphological opening), dilated by the disc."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (THICK, THICK))
    opened = cv2.morphologyEx(hole.astype(np.uint8), cv2.MORPH_OPEN, disc)
    return np.asarray((cv2.dilate(opened, disc) > 0) & hole)


def _fill_by_tiles(rgb: Floats, unknown: Hole, wanted: Hole, infer: Infer) -> Floats:
    """Fill what is `wanted` of the pixels that are `unknown`, both (H, W), core by core, each from those before."""
    if not wanted.any():
        return rgb
    if max(unknown.shape) <= TILE:
        return np.where(wanted[..., None], _fill_tile(rgb, unknown, infer), rgb)
    rgb, unknown = rgb.copy(), unknown.copy()
    for core, tile in _tiles(*unknown.shape):
        if not wanted[core].any():
            continue
        inner = tuple(slice(c.start - t.start, c.stop - t.start) for c, t in zip(core, tile, strict=True))
        output = _fill_tile(rgb[tile], unknown[tile], infer)[inner]
        rgb[core] = np.where(wanted[core][..., None], output, rgb[core])
        unknown[core] &= ~wanted[core]
    return rgb


def _tiles(height: int, width: int) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Every core, and the tile around it, which stays inside the picture."""
    for top in range(0, height, CORE):
        for left in range(0, width, CORE):
            core = slice(top, min(top + CORE, height)), slice(left, min(left + CORE, width))
            yield core, (_tile_span(top, height), _tile_span(left, width))


def _tile_span(start: int, length: int) -> slice:
    begin = max(0, min(start - (TILE - CORE) // 2, length - TILE))
    return slice(begin, min(begin + TILE, length))


def _fill_tile(rgb: Floats, unknown: Hole, infer: Infer) -> Floats:
    output = infer(np.concatenate([rgb, (unknown * np.float32(UNKNOWN))[..., None]], axis=-1))
    return np.clip(np.where(unknown[..., None], output, rgb), 0, 1)
