"""Samples gathered from the top row down until libvips may encode them: in memory, or in a file when many."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyvips
from numpy.typing import NDArray

# Larger pictures go through a file beside the target.
MEMORY_BYTES = 256 * 2**20

Shape = tuple[int, int, int]


class Canvas(Protocol):
    """Takes rows of samples (rows, W, bands), gives them as one image."""

    def append(self, rows: NDArray[Any]) -> None: ...
    def image(self, interpretation: str) -> pyvips.Image: ...
    def close(self) -> None: ...


def open_canvas(folder: Path, shape: Shape, dtype: np.dtype[Any]) -> Canvas:
    """A canvas of `shape` (H, W, bands); its file, where it needs one, lies in `folder`. Raises OSError."""
    if int(np.prod(shape, dtype=np.int64)) * dtype.itemsize <= MEMORY_BYTES:
        return _MemoryCanvas(shape, dtype)
    return _FileCanvas(folder, shape, dtype)


class _MemoryCanvas:
    def __init__(self, shape: Shape, dtype: np.dtype[Any]) -> None:
        self._samples = np.empty(shape, dtype)
        self._done = 0

    def append(self, rows: NDArray[Any]) -> None:
        self._samples[self._done : self._done + len(rows)] = rows
        self._done += len(rows)

    def image(self, interpretation: str) -> pyvips.Image:
        image = pyvips.Image.new_from_array(self._samples)
        return image.copy(interpretation=interpretation)

    def close(self) -> None:
        self._samples = np.empty((0, 0, 0), self._samples.dtype)


class _FileCanvas:
    """A file without a name where the system can reopen such, so that nothing stays behind whatever happens."""

    def __init__(self, folder: Path, shape: Shape, dtype: np.dtype[Any]) -> None:
        self._shape, self._dtype = shape, dtype
        nameless = Path("/proc/self/fd").is_dir()
        self._file = _temporary_file(folder, nameless)
        self._path = f"/proc/self/fd/{self._file.fileno()}" if nameless else self._file.name
        self._nameless = nameless

    def append(self, rows: NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(rows).data)

    def image(self, interpretation: str) -> pyvips.Image:
        self._file.flush()
        height, width, bands = self._shape
        form = "ushort" if self._dtype.itemsize > 1 else "uchar"
        image: pyvips.Image = pyvips.Image.rawload(
            self._path, width, height, bands, format=form, interpretation=interpretation, access="sequential"
        )
        return image

    def close(self) -> None:
        self._file.close()
        if not self._nameless:
            os.unlink(self._path)


def _temporary_file(folder: Path, nameless: bool) -> Any:
    if nameless:
        return tempfile.TemporaryFile(dir=folder)
    return tempfile.NamedTemporaryFile(dir=folder, prefix=".ganfx-", delete=False)
