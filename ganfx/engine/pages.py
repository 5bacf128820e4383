"""Memory to compute into, kept from one use to the next."""

from __future__ import annotations

import math
import sys
import threading

import numpy as np

from ganfx.engine.tiles import Floats

# What holds an array that nobody uses: the attribute, and the call that counts.
_UNUSED = 2


class Pages:
    """Hands out arrays in the same memory once no piece of the last is held any more, and in other memory until then.

    Pages that come fresh from the system cost more time than what is written to them. For several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept = np.empty(0, np.float32)

    def take(self, shape: tuple[int, ...]) -> Floats:
        """An array of `shape` with anything in it, the caller's own for as long as it or a view of it is held."""
        size = math.prod(shape)
        with self._lock:
            if self._kept.size < size or sys.getrefcount(self._kept) > _UNUSED:
                self._kept = np.empty(size, np.float32)
            return self._kept[:size].reshape(shape)
