"""Frames kept in a temporary file until all of them are there."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Spool:
    """Frames of one shape, compressed quickly. Its file has no name, and lies in `folder`. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._sizes = list[int]()
        self._shape: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, samples: NDArray[np.uint8]) -> None:
        """Keep a frame (H, W, bands)."""
        data = zlib.compress(samples.tobytes(), 1)
        self._file.write(data)
        self._sizes.append(len(data))
        self._shape = samples.shape

    def frames(self) -> Iterator[NDArray[Any]]:
        """All frames (H, W, bands), in their order."""
        self._file.seek(0)
        for size in self._sizes:
            yield np.frombuffer(zlib.decompress(self._file.read(size)), np.uint8).reshape(self._shape)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
