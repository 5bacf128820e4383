"""Pieces of pictures joined without an edge: light and color of each are adapted to what is beside it.

The adapted colors keep the pieces' gradients (Perez et al. 2003) and meet the known pixels. Where two pieces do not
show the same thing, an edge between them says nothing about light, and they are not drawn together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

Hole = NDArray[np.bool_]

# Sides of levels that are not halved any more, and rounds of Jacobi's method there and at each finer level.
COARSEST, FIRST_ROUNDS, ROUNDS = 32, 500, 16
# Relaxation of Jacobi's method.
DAMPING = 0.9


@dataclass(frozen=True)
class Joints:
    """What lies between each pixel and its neighbor to the right, or below.

    step     (H, W, 3): how much more the neighbor has to be corrected than the pixel, for the joint not to be seen
    weight   (H, W): how much that counts, 0 to 1; 0 at the last column, or row
    """

    step: Floats
    weight: Floats

    def halved(self, axis: int) -> Joints:
        """The same between the means of two by two pixels."""
        size = tuple(-(-side // 2) for side in self.weight.shape[::-1])
        share = cv2.resize(self.weight, size, interpolation=cv2.INTER_AREA)
        steps = cv2.resize(self.step * self.weight[..., None], size, interpolation=cv2.INTER_AREA)
        weight = share.copy()
        last = [slice(None), slice(None)]
        last[axis] = slice(-1, None)
        weight[tuple(last)] = 0
        # A coarse step goes over two fine ones.
        return Joints(
            np.asarray(2 * steps / np.maximum(share, 1e-6)[..., None], np.float32), np.asarray(weight, np.float32)
        )


def correction(free: Hole, right: Joints, below: Joints, stiffness: float) -> Floats:
    """The smooth correction (H, W, 3) that takes the steps out of the joints; 0 where not `free` (H, W).

    `stiffness`, per pixel, draws the correction to 0: it fades over about 1 / sqrt(stiffness) pixels.
    """
    result: Floats | None = None
    coarse_free = free
    for pixels, across, down, own in reversed(list(_levels(free, right, below, stiffness))):
        start = np.zeros((*pixels.shape, 3), np.float32) if result is None else _doubled(result, coarse_free, pixels)
        result = _relaxed(start, pixels, across, down, own, FIRST_ROUNDS if result is None else ROUNDS)
        coarse_free = pixels
    assert result is not None
    return result


def _levels(free: Hole, right: Joints, below: Joints, stiffness: float) -> Iterator[tuple[Hole, Joints, Joints, float]]:
    yield free, right, below, stiffness
    while min(free.shape) > COARSEST:
        free = (
            cv2.resize(
                free.astype(np.float32), tuple(-(-side // 2) for side in free.shape[::-1]), interpolation=cv2.INTER_AREA
            )
            > 0.5
        )
        right, below, stiffness = right.halved(1), below.halved(0), 4 * stiffness
        yield free, right, below, stiffness


def _doubled(coarse: Floats, coarse_free: Hole, free: Hole) -> Floats:
    """`coarse` at the size of `free`; the correction jumps to 0 where that ends, so only free pixels are mixed."""
    size = free.shape[::-1]
    large = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    share = cv2.resize(coarse_free.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(large * (free / np.maximum(share, 1e-3))[..., None], np.float32)


def _relaxed(start: Floats, free: Hole, right: Joints, below: Joints, stiffness: float, rounds: int) -> Floats:
    weights = np.zeros(free.shape, np.float32)
    fixed = np.zeros_like(start)
    for joints, axis in ((right, 1), (below, 0)):
        far, near = _ends(axis)
        weight = joints.weight[near]
        pull = joints.step[near] * weight[..., None]
        weights[near] += weight
        weights[far] += weight
        fixed[near] -= pull
        fixed[far] += pull
    share = np.where(free, DAMPING / np.maximum(weights + stiffness, 1e-6), 0)[..., None].astype(np.float32)
    across, down = right.weight[:, :-1, None], below.weight[:-1, :, None]
    result = start
    for _ in range(rounds):
        total = fixed - (weights + np.float32(stiffness))[..., None] * result
        total[:, :-1] += across * result[:, 1:]
        total[:, 1:] += across * result[:, :-1]
        total[:-1] += down * result[1:]
        total[1:] += down * result[:-1]
        total *= share
        result = result + total
    return result


def _ends(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """(the pixels that have one before them, the pixels that have one after them) along `axis`."""
    far, near = [slice(None)] * 2, [slice(None)] * 2
    far[axis], near[axis] = slice(1, None), slice(None, -1)
    return tuple(far), tuple(near)
