"""Memory to compute into, kept from one use to the next."""

from __future__ import annotations

import math
import sys
import threading

import numpy as np

from ganfx.engine.tiles import Floats

# What holds a page that nobody uses: the list, and the call that counts.
_UNUSED = 2
# Of chunks: as many as may wait for whoever takes them.
_KEPT = 14


class BufferPool:
    """Hands out arrays in the same memory once no piece of the last is held any more, and in other memory until then.

    BufferPool that come fresh from the system cost more time than what is written to them. For several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Floats] = []

    def take(self, shape: tuple[int, ...]) -> Floats:
        """An array of `shape` with anything in it, the caller's own for as long as it or a view of it is held."""
        size = math.prod(shape)
        with self._lock:
            free = [at for at in range(len(self._kept)) if sys.getrefcount(self._kept[at]) <= _UNUSED]
            fitting = next((at for at in free if self._kept[at].size >= size), None)
            page = self._new(size, free) if fitting is None else self._kept[fitting]
            return page[:size].reshape(shape)

    def _new(self, size: int, free: list[int]) -> Floats:
        """A page in the place of one that was too small; where all are held, the oldest is kept no more."""
        if free or len(self._kept) == _KEPT:
            del self._kept[free[0] if free else 0]
        page = np.empty(size, np.float32)
        self._kept.append(page)
        return page
