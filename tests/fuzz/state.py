"""What a fuzzing process tells its parent, in a mapped file that outlives it: counts, and the input being tried."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

# Inputs are cut to this.
MAX_BYTES = 2**17
_COUNTS = struct.Struct("<QQ")
_SIZE = struct.Struct("<Q")
_DATA = _COUNTS.size + _SIZE.size


class State:
    """inputs: how many were begun; crashes: how many of them raised; both go on where an earlier process stopped."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_DATA + MAX_BYTES))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    @property
    def inputs(self) -> int:
        return _COUNTS.unpack_from(self._map, 0)[0]

    @property
    def crashes(self) -> int:
        return _COUNTS.unpack_from(self._map, 0)[1]

    @property
    def current(self) -> bytes:
        """The input that was begun last."""
        (size,) = _SIZE.unpack_from(self._map, _COUNTS.size)
        return self._map[_DATA : _DATA + size]

    def begin(self, data: bytes) -> None:
        _SIZE.pack_into(self._map, _COUNTS.size, len(data))
        self._map[_DATA : _DATA + len(data)] = data
        _COUNTS.pack_into(self._map, 0, self.inputs + 1, self.crashes)

    def count_crash(self) -> None:
        _COUNTS.pack_into(self._map, 0, self.inputs, self.crashes + 1)
