"""Rows reduced to a smaller picture by one high-quality filter, a few at a time."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.filters import Size
from ganfx.imaging.picture import Floats, Picture

# Of the kernel, in pixels of the result on each side: Lanczos with three lobes, Duchon 1979.
_LOBES = 3
# Rows or columns of the result that are made by one multiplication, and pixels that are worked on at a time.
_BLOCK, _STRIP_PIXELS = 32, 2**21
_INVISIBLE = 1e-4
# Products of so few multiplications are made without threads, which would be in the way of those of a network.
_THREADLESS = 2**18


def reduce_to(chunks: Iterable[Picture], given: Size, wanted: Size) -> Iterator[Picture]:
    """The rows of a picture of the size `given`, top to bottom, as rows of it in the size `wanted`, not larger.

    Both pictures have the same edges, so that nothing is moved or cut off. Values are weighted as they are encoded,
    which is how enlarging keeps the light; colors are weighted by alpha, too. No result is beyond the pixels near it,
    so that flat colors stay as they are, and edges get no halo. Memory is bounded by the width, and the result does not
    depend on how the rows are cut into chunks.
    """
    return iter(chunks) if given == wanted else _reduced(chunks, given, wanted)


def _reduced(chunks: Iterable[Picture], given: Size, wanted: Size) -> Iterator[Picture]:
    (width, height), (new_width, new_height) = given, wanted
    across, down = _Axis(width, new_width), _Axis(height, new_height)
    kept: _Planes | None = None
    last: Picture | None = None
    first = done = 0
    for chunk in _cut(chunks):
        fresh = _Planes.of(chunk).along(across, 0, new_width, 1)
        kept, last = fresh if kept is None else kept.above(fresh), chunk
        ready = down.ready(first + kept.height)
        if ready > done:
            yield kept.along(down, done, ready, 0, first).picture(chunk)
            done = ready
            begin = max(down.first_of(done), first)
            kept, first = kept.below(begin - first), begin
    assert done == new_height or last is None


def _cut(chunks: Iterable[Picture]) -> Iterator[Picture]:
    """`chunks` in pieces of bounded size."""
    for chunk in chunks:
        count = max(1, _STRIP_PIXELS // chunk.width)
        for top in range(0, chunk.height, count):
            yield chunk.rows(top, min(top + count, chunk.height))


class _Axis:
    """The positions of `wanted` pixels among `given` ones, and how those are weighted."""

    def __init__(self, given: int, wanted: int) -> None:
        self.given, self.wanted = given, wanted
        self.ratio = given / wanted
        self.reach = _LOBES * self.ratio
        self._known: dict[tuple[int, int], Floats] = {}

    def center(self, index: int) -> float:
        return (index + 0.5) * self.ratio - 0.5

    def first_of(self, index: int) -> int:
        """The first given pixel that the wanted pixel `index` depends on."""
        return max(math.ceil(self.center(index) - self.reach), 0)

    def end_of(self, index: int) -> int:
        """The given pixel behind the last one that the wanted pixel `index` depends on."""
        return min(math.floor(self.center(index) + self.reach) + 1, self.given)

    def ready(self, end: int) -> int:
        """How many wanted pixels can be made where the given ones before `end` are there."""
        if end == self.given:
            return self.wanted
        count = max(0, min(self.wanted, math.floor((end + 0.5 - self.reach) / self.ratio)))
        while count and self.end_of(count - 1) > end:
            count -= 1
        return count

    def weights(self, begin: int, end: int) -> Floats:
        """What each given pixel from `first_of(begin)` on contributes to the wanted ones from `begin` up to `end`.

        Beyond the edges, the pixels at the edges go on.
        """
        if (begin, end) not in self._known:
            self._known[begin, end] = self._weights(begin, end)
        return self._known[begin, end]

    def _weights(self, begin: int, end: int) -> Floats:
        first, after = self.first_of(begin), self.end_of(end - 1)
        centers = ((np.arange(begin, end) + 0.5) * self.ratio - 0.5)[:, None]
        taps = np.floor(centers).astype(np.int64) + np.arange(-math.ceil(self.reach), math.ceil(self.reach) + 2)
        at = (taps - centers) / self.ratio
        kernel = np.where(np.abs(at) < _LOBES, np.sinc(at) * np.sinc(at / _LOBES), 0)
        weights = np.zeros((end - begin, after - first))
        columns = np.clip(np.clip(taps, 0, self.given - 1) - first, 0, after - first - 1)
        np.add.at(weights, (np.arange(end - begin)[:, None], columns), kernel / kernel.sum(1, keepdims=True))
        return np.asarray(weights, np.float32)

    def nearest(self, begin: int, end: int) -> NDArray[np.int64]:
        """The given pixels nearest to the centers of the wanted ones from `begin` up to `end`."""
        centers = (np.arange(begin, end) + 0.5) * self.ratio - 0.5
        return np.asarray(np.clip(np.rint(centers), 0, self.given - 1), np.int64)

    @property
    def near(self) -> int:
        """How many given pixels around a wanted one's center limit it: those nearer than the next wanted one."""
        return 2 * math.ceil(self.ratio) + 1


@dataclasses.dataclass(frozen=True)
class _Planes:
    """Rows on their way: values (H, W, C) to be weighted, and the least and the greatest near each, (H, W, C).

    Channels are red, green and blue, and where there is an alpha that, and the colors times alpha.
    """

    values: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, rows: Picture) -> _Planes:
        values = rows.rgb
        if rows.alpha is not None:
            alpha = rows.alpha[..., None]
            values = np.concatenate([rows.rgb, alpha, rows.rgb * alpha], -1)
        limited = values[..., :4]
        return cls(values, limited, limited)

    @property
    def height(self) -> int:
        return len(self.values)

    def above(self, other: _Planes) -> _Planes:
        return _Planes(*(np.concatenate(pair) for pair in zip(self._all, other._all, strict=True)))

    def below(self, row: int) -> _Planes:
        return _Planes(*(plane[row:].copy() for plane in self._all))

    @property
    def _all(self) -> tuple[Floats, Floats, Floats]:
        return self.values, self.low, self.high

    def along(self, axis: _Axis, begin: int, end: int, dimension: int, first: int = 0) -> _Planes:
        """The planes reduced along rows (0) or columns (1) to the pixels from `begin` up to `end` of `axis`.

        first: the number of the first given pixel that is there.
        """
        values = self.values if dimension == 0 else _turned(self.values)
        made = np.empty((end - begin, *values.shape[1:]), np.float32)
        flat, target = values.reshape(len(values), -1), made.reshape(end - begin, -1)
        for start in range(begin, end, _BLOCK):
            stop = min(start + _BLOCK, end)
            given = flat[axis.first_of(start) - first : axis.end_of(stop - 1) - first]
            _multiply(axis.weights(start, stop), given, target[start - begin : stop - begin])
        kernel = np.ones((axis.near, 1) if dimension == 0 else (1, axis.near), np.uint8)
        at = axis.nearest(begin, end) - first
        low, high = (
            np.asarray(np.take(filtered(plane, kernel).reshape(plane.shape), at, dimension), np.float32)
            for filtered, plane in ((cv2.erode, self.low), (cv2.dilate, self.high))
        )
        return _Planes(made if dimension == 0 else _turned(made), low, high)

    def picture(self, like: Picture) -> Picture:
        """The picture of the planes, with the info of `like`."""
        limited = np.clip(self.values[..., :4], self.low, self.high)
        if like.alpha is None:
            return dataclasses.replace(like, rgb=limited)
        alpha = limited[..., 3]
        visible = self.values[..., 4:] / np.maximum(self.values[..., 3:4], _INVISIBLE)
        visible = np.clip(visible, self.low[..., :3], self.high[..., :3])
        rgb = np.where(alpha[..., None] > _INVISIBLE, visible, limited[..., :3])
        return dataclasses.replace(like, rgb=rgb, alpha=alpha)


def _multiply(weights: Floats, rows: Floats, out: Floats) -> None:
    """Let `out` be weights (M, K) @ rows (K, N)."""
    count = max(1, _THREADLESS // weights.size)
    for start in range(0, rows.shape[1], count):
        part = slice(start, start + count)
        np.matmul(weights, rows[:, part], out=out[:, part])


def _turned(planes: Floats) -> Floats:
    """(H, W, C) as (W, H, C)."""
    return np.ascontiguousarray(planes.swapaxes(0, 1))
