"""A faint crack across the whole print: pieces of one line between two edges, on a map that is nearly empty otherwise.

No probability is needed for these to be believed: things of a scene do not lie in one line with nothing beside them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

Pixels = NDArray[np.bool_]
Point = NDArray[np.float64]

# Pieces are looked for where the probability of damage is more than this, at a size of so many pixels at most; what is
# found is followed to half of it.
FAINT, LONGEST_SIDE = 0.1, 1000
# Half the width of the widest piece, in pixels, and for so many pixels of the longer side one pixel.
THICK, THICK_SIDE = 3, 100
# Gaps in a piece, and the least side of the box around it, in pixels.
GAP, FEWEST = 2, 5
# In shares of the longer side: the shortest piece that counts; how far apart the middles of the two are at least; how
# far their outer ends are from the picture's edge, along the line, at most; how far from the edge a piece reaches at
# least; how far beside the line pieces between the two may lie, and what is followed beside a piece.
PIECE, APART, OPEN, INSIDE, BESIDE = 0.04, 0.4, 0.1, 0.04, 0.02
# The pieces of the line are so many times longer than wide, and turned against it by this angle at most, in degrees.
SLENDER, TURNED = 5.0, 8.0
# The line's share of the length of all pieces. Of six hundred undamaged photographs one had more than a quarter.
SHARE = 0.5


@dataclass(frozen=True)
class Piece:
    """A thin place: its label, its middle (x, y), its direction, its ends, its length, and whether it is slender."""

    label: int
    middle: Point
    direction: Point
    ends: tuple[Point, Point]
    length: float
    is_slender: bool


def crossing_crack(probability: Floats, leniency: float) -> Pixels:
    """The pixels (H, W) of the crack that crosses the print alone; none where there is no such crack.

    `leniency` times the usual share of the length of all pieces is asked for.
    """
    height, width = probability.shape
    factor = min(1.0, LONGEST_SIDE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    likely = np.asarray(cv2.resize(probability, size, interpolation=cv2.INTER_AREA), np.float32)
    labels, pieces = _pieces(likely)
    line = _line(pieces, SHARE * leniency, (size[0] - 1, size[1] - 1))
    if line is None:
        return np.zeros(probability.shape, bool)
    found = np.isin(labels, [line[0].label, line[1].label, *_between(labels, line)])
    found = _widened(found, likely)
    if factor == 1:
        return found
    near = cv2.resize(found.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    return np.asarray(near & (probability > FAINT / 2))


def _widened(found: Pixels, likely: Floats) -> Pixels:
    """`found` with what is fainter, as thin, and touches it."""
    near = cv2.dilate(found.astype(np.uint8), _disc(round(BESIDE * max(likely.shape)))) > 0
    faint = near & (_thin(likely, FAINT / 2) > 0)
    _, labels = cv2.connectedComponents((faint | found).astype(np.uint8), connectivity=8)
    touched = np.zeros(labels.max() + 1, bool)
    touched[labels[found]] = True
    touched[0] = False
    return np.asarray(touched[labels])


def _pieces(likely: Floats) -> tuple[NDArray[np.int32], list[Piece]]:
    """(labels (H, W) of the thin places, 0 for none; those that are long enough to count)."""
    side = max(likely.shape)
    thin = cv2.morphologyEx(_thin(likely, FAINT), cv2.MORPH_CLOSE, _disc(GAP))
    count, marks, boxes, _ = cv2.connectedComponentsWithStats(thin, connectivity=8)
    labels = np.asarray(marks, np.int32)
    # A diagonal of `length` has a box of length / sqrt(2); of a few pixels no direction can be told.
    is_long = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) >= max(FEWEST, 0.7 * PIECE * side)
    measured = [_measured(labels, number, boxes[number]) for number in range(1, count) if is_long[number]]
    return labels, [piece for piece in measured if piece.length >= PIECE * side]


def _thin(likely: Floats, threshold: float) -> NDArray[np.uint8]:
    """1 where the probability is above the threshold in a thin place, else 0."""
    faint = (likely > threshold).astype(np.uint8)
    cores = cv2.morphologyEx(faint, cv2.MORPH_OPEN, _disc(max(THICK, round(max(likely.shape) / THICK_SIDE))))
    # The rim of a thick place goes with it.
    rim = cv2.dilate(cores, np.ones((3, 3), np.uint8)) > 0
    return np.where(rim, np.uint8(0), faint)


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _measured(labels: NDArray[np.int32], number: int, box: NDArray[np.int32]) -> Piece:
    left, top, width, height = box[:4]
    rows, columns = np.nonzero(labels[top : top + height, left : left + width] == number)
    points = np.stack([columns + left, rows + top], 1).astype(float)
    middle = points.mean(0)
    direction = np.linalg.eigh(np.cov((points - middle).T))[1][:, 1]
    along = (points - middle) @ direction
    length = float(np.ptp(along)) + 1
    ends = middle + direction * along.min(), middle + direction * along.max()
    return Piece(number, middle, direction, ends, length, length * length >= SLENDER * len(points))


def _line(pieces: list[Piece], share: float, corner: tuple[int, int]) -> tuple[Piece, Piece] | None:
    """The two outer pieces of the line, if there is one; `corner` is the picture's last pixel (x, y)."""
    # Lines along the edge, a print's frame, count neither way.
    inside, side = [piece for piece in pieces if _is_inside(piece, corner)], max(corner)
    whole, slender = sum(piece.length for piece in inside), [piece for piece in inside if piece.is_slender]
    pairs = itertools.combinations(slender, 2)
    best = max(pairs, key=lambda pair: _common_length(pair, corner, side), default=None)
    return best if best and _common_length(best, corner, side) >= share * whole else None


def _is_inside(piece: Piece, corner: tuple[int, int]) -> bool:
    """Whether it is more than a line along the picture's edge."""
    return all(
        max(min(end[axis], corner[axis] - end[axis]) for end in piece.ends) >= INSIDE * max(corner) for axis in (0, 1)
    )


def _common_length(pair: tuple[Piece, Piece], corner: tuple[int, int], side: int) -> float:
    """The length of two pieces in pixels, 0 where they are none of a line across the picture."""
    across = pair[1].middle - pair[0].middle
    distance = float(np.linalg.norm(across))
    if distance < APART * side:
        return 0.0
    across /= distance
    for piece, way in zip(pair, (-across, across), strict=True):
        is_turned = abs(piece.direction @ way) < np.cos(np.radians(TURNED))
        if is_turned or _way_out(max(piece.ends, key=lambda end: float(end @ way)), way, corner) > OPEN * side:
            return 0.0
    return pair[0].length + pair[1].length


def _way_out(point: Point, way: Point, corner: tuple[int, int]) -> float:
    """How far it is from `point` to the picture's edge in the direction `way`."""
    distances = [
        ((last if step > 0 else 0) - place) / step for place, step, last in zip(point, way, corner, strict=True) if step
    ]
    return float(min(distances))


def _between(labels: NDArray[np.int32], line: tuple[Piece, Piece]) -> list[int]:
    """The labels of the places that lie, with all their pixels, beside the line between two pieces."""
    first, last = line[0].middle, line[1].middle
    across = (last - first) / np.linalg.norm(last - first)
    rows, columns = np.nonzero(labels)
    from_first = np.stack([columns, rows], 1) - first
    beside = np.abs(from_first @ np.array([-across[1], across[0]])) <= BESIDE * max(labels.shape)
    along = from_first @ across
    is_out = ~(beside & (along > 0) & (along < np.linalg.norm(last - first)))
    outside = np.bincount(labels[rows, columns], is_out)
    return [int(number) for number in np.unique(labels[rows, columns]) if not outside[number]]
