"""Pieces of pictures joined without an edge: light and color of each are adapted to what is beside it.

The adapted colors keep the pieces' gradients (Perez et al. 2003) and meet the known pixels. Where two pieces do not
show the same thing, an edge between them says nothing about light, and they are not drawn together.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

Hole = NDArray[np.bool_]

# Sides of levels that are not halved any more, and rounds of conjugate gradients there and at each finer level.
COARSEST, FIRST_ROUNDS, ROUNDS = 16, 60, 14
# Stiffness of a membrane that only what is known around it holds.
SOFT = 1e-7


@dataclass(frozen=True)
class Joints:
    """What lies between each pixel and its neighbor to the right, or below.

    step     (H, W, 3): how much more the neighbor has to be corrected than the pixel, for the joint not to be seen
    weight   (H, W): how much that counts, 0 to 1; 0 at the last column, or row
    """

    step: Floats
    weight: Floats


def correction(free: Hole, right: Joints, below: Joints, stiffness: float) -> Floats:
    """The smooth correction (H, W, 3) that takes the steps out of the joints; 0 where not `free` (H, W).

    `stiffness`, per pixel, draws the correction to 0: it fades over about 1 / sqrt(stiffness) pixels.
    """
    levels = [_System.of(free, right, below, stiffness)]
    while min(levels[-1].free.shape) > COARSEST:
        levels.append(levels[-1].halved())
    last = levels.pop()
    result = last.solved(np.zeros_like(last.aim), FIRST_ROUNDS)
    coarse = last.free
    for level in reversed(levels):
        result = level.solved(_doubled(result, coarse, level.free), ROUNDS)
        coarse = level.free
    return result


def smooth_colors(rgb: Floats, hole: Hole) -> Floats:
    """rgb (H, W, 3) with `hole` (H, W) filled by a membrane over the known pixels around it."""
    known = np.where(hole[..., None], np.float32(0), rgb)
    joints = []
    for axis in (1, 0):
        far, near = _ends(axis)
        step, weight = np.zeros_like(rgb), np.zeros(hole.shape, np.float32)
        # There is no step inside the hole, and joints outside it do not matter.
        step[near] = known[near] - known[far]
        weight[near] = 1
        joints.append(Joints(step, weight))
    return np.asarray(np.where(hole[..., None], correction(hole, joints[0], joints[1], SOFT), rgb), np.float32)


@dataclass(frozen=True)
class _System:
    """The correction's equations at one size: joints between free pixels, and what others want of the free ones.

    free      (H, W)
    joints    across and down; of weight 0 but between free pixels
    pull      (H, W): how much `aim` counts
    aim       (H, W, 3): the correction at which the joints to pixels that are not free are not seen
    """

    free: Hole
    joints: tuple[Joints, Joints]
    pull: Floats
    aim: Floats
    stiffness: float

    @classmethod
    def of(cls, free: Hole, right: Joints, below: Joints, stiffness: float) -> _System:
        pull, aim = np.zeros(free.shape, np.float32), np.zeros_like(right.step)
        inner = []
        for joints, axis in ((right, 1), (below, 0)):
            far, near = _ends(axis)
            weight = joints.weight[near]
            for own, other, sign in ((near, far, -1), (far, near, 1)):
                counts = weight * (free[own] & ~free[other])
                pull[own] += counts
                aim[own] += np.float32(sign) * counts[..., None] * joints.step[near]
            both = np.zeros(free.shape, np.float32)
            both[near] = weight * (free[near] & free[far])
            inner.append(Joints(joints.step, both))
        aim /= np.maximum(pull, np.float32(1e-9))[..., None]
        return cls(free, (inner[0], inner[1]), pull, aim, stiffness)

    def halved(self) -> _System:
        """The same for means of two by two pixels."""
        pull = _sums(self.pull)
        aim = _sums(self.aim * self.pull[..., None]) / np.maximum(pull, 1e-9)[..., None]
        across, down = (_halved(joints, axis) for joints, axis in zip(self.joints, (1, 0), strict=True))
        # As many equations as before, on a quarter of the pixels.
        free = _sums(self.free.astype(np.float32)) > 0
        return _System(free, (across, down), pull, np.asarray(aim, np.float32), 4 * self.stiffness)

    def solved(self, start: Floats, rounds: int) -> Floats:
        """Conjugate gradients from `start` (H, W, 3), with the diagonal as preconditioner."""
        total, wanted = self.pull + np.float32(self.stiffness), self.aim * self.pull[..., None]
        for joints, axis in zip(self.joints, (1, 0), strict=True):
            far, near = _ends(axis)
            weight = joints.weight[near]
            drawn = joints.step[near] * weight[..., None]
            total[near] += weight
            total[far] += weight
            wanted[near] -= drawn
            wanted[far] += drawn
        total = total[..., None]
        scale = np.where(self.free[..., None], 1 / np.maximum(total, 1e-9), 0).astype(np.float32)
        result = start
        rest = wanted - self._applied(result, total)
        way = rest * scale
        size = np.einsum("hwc,hwc->c", rest, way)
        for _ in range(rounds):
            moved = self._applied(way, total)
            length = size / np.maximum(np.einsum("hwc,hwc->c", way, moved), 1e-20)
            result = result + length * way
            rest -= length * moved
            scaled = rest * scale
            size, before = np.einsum("hwc,hwc->c", rest, scaled), size
            way = scaled + size / np.maximum(before, 1e-20) * way
        return np.asarray(result, np.float32)

    def _applied(self, values: Floats, total: Floats) -> Floats:
        result = values * total
        across, down = self.joints[0].weight[:, :-1, None], self.joints[1].weight[:-1, :, None]
        result[:, :-1] -= across * values[:, 1:]
        result[:, 1:] -= across * values[:, :-1]
        result[:-1] -= down * values[1:]
        result[1:] -= down * values[:-1]
        return result


def _sums(values: Floats) -> Floats:
    """(H, W) or (H, W, 3): of two by two pixels each, where the last row or column may lack its neighbor."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), *((0, 0),) * (values.ndim - 2)))
    rows = even[::2] + even[1::2]
    return np.asarray(rows[:, ::2] + rows[:, 1::2], np.float32)


def _halved(joints: Joints, axis: int) -> Joints:
    """Between the middles of two by two pixels: the joints from one to the next, and half of those within."""
    height, width = joints.weight.shape
    padding = (0, height % 2), (0, width % 2)
    weight = np.moveaxis(np.pad(joints.weight, padding), axis, 0)
    drawn = np.moveaxis(np.pad(joints.step * joints.weight[..., None], (*padding, (0, 0))), axis, 0)
    weight, drawn = weight[:, ::2] + weight[:, 1::2], drawn[:, ::2] + drawn[:, 1::2]
    steps = drawn / np.maximum(weight, 1e-9)[..., None]
    within = np.concatenate([steps[::2], np.zeros_like(steps[:1])])
    step = steps[1::2] + (within[:-1] + within[1:]) / 2
    return Joints(
        np.ascontiguousarray(np.moveaxis(step, 0, axis), np.float32),
        np.ascontiguousarray(np.moveaxis(weight[1::2] / 2, 0, axis), np.float32),
    )


def _doubled(coarse: Floats, coarse_free: Hole, free: Hole) -> Floats:
    """`coarse` at the size of `free`; the correction jumps to 0 where that ends, so only free pixels are mixed."""
    height, width = free.shape
    large = cv2.resize(coarse, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)[:height, :width]
    share = cv2.resize(coarse_free.astype(np.float32), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    return np.asarray(large * (free / np.maximum(share[:height, :width], 1e-3))[..., None], np.float32)


def _ends(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """(the pixels that have one before them, the pixels that have one after them) along `axis`."""
    far, near = [slice(None)] * 2, [slice(None)] * 2
    far[axis], near[axis] = slice(1, None), slice(None, -1)
    return tuple(far), tuple(near)
