"""Reused arrays for the output: fresh memory from the system costs more time than writing the pixels into it."""

from __future__ import annotations

import math
import sys
import threading

import numpy as np

from ganfx.engine.tiles import Floats

# References to an array that only the pool holds: the list's and that of getrefcount's argument.
_FREE_REFERENCES = 2
_MAX_POOLED, _MAX_BYTES = 14, 1 << 30


class BufferPool:
    """Hands out arrays, reusing the memory of those that nobody refers to any more. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buffers: list[Floats] = []

    def take(self, shape: tuple[int, ...]) -> Floats:
        """An uninitialized float32 array of `shape`, the caller's own while it or a view of it is referred to."""
        size = math.prod(shape)
        with self._lock:
            free = [at for at in range(len(self._buffers)) if sys.getrefcount(self._buffers[at]) <= _FREE_REFERENCES]
            fitting = next((at for at in free if self._buffers[at].size >= size), None)
            buffer = self._new(size, free) if fitting is None else self._buffers[fitting]
            return buffer[:size].reshape(shape)

    def _new(self, size: int, free: list[int]) -> Floats:
        """A new buffer, in place of a free one that is too small; where none is free, the pool forgets its oldest."""
        if free or len(self._buffers) == _MAX_POOLED:
            del self._buffers[free[0] if free else 0]
        buffer = np.empty(size, np.float32)
        if sum(kept.nbytes for kept in self._buffers) + buffer.nbytes <= _MAX_BYTES:
            self._buffers.append(buffer)
        return buffer
