"""Memory that is used again never shows in two pictures at once."""

from __future__ import annotations

import numpy as np

from ganfx.engine.buffer_pool import BufferPool


def test_what_is_held_is_never_given_away() -> None:
    buffers = BufferPool()
    first = buffers.take((4, 5, 3))
    first[:] = 1
    held = first[1:3, :, 0]
    del first
    buffers.take((4, 5, 3))[:] = 2
    assert (held == 1).all()


def test_what_nobody_holds_is_used_again() -> None:
    buffers = BufferPool()
    address = buffers.take((40, 50, 3)).ctypes.data
    assert buffers.take((30, 50, 3)).ctypes.data == address


def test_larger_arrays_get_larger_memory() -> None:
    buffers = BufferPool()
    small = buffers.take((2, 2))
    large = buffers.take((20, 20))
    large[:] = 3
    small[:] = 4
    assert np.array_equal(large, np.full((20, 20), 3, np.float32))


def test_two_at_once_get_their_own_memory_again_and_again() -> None:
    buffers = BufferPool()
    first, second = buffers.take((40, 50)), buffers.take((40, 50))
    places = {page.ctypes.data for page in (first, second)}
    assert len(places) == 2
    for _ in range(3):
        del first
        first = buffers.take((40, 50))
        del second
        second = buffers.take((40, 50))
        assert {page.ctypes.data for page in (first, second)} == places
