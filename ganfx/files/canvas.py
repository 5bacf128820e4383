"""Samples collected from the top row down until libvips encodes them: in memory, or in a temporary file when large."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import pyvips
from numpy.typing import NDArray

# Pictures of more bytes go through a temporary file in the target's folder.
MEMORY_BYTES = 256 * 2**20
# Mapped pages above the row being encoded are unloaded beyond this.
_PAGES_KEPT_BYTES = 32 * 2**20
# By the bytes of a sample.
_VIPS_FORMATS = {1: "uchar", 2: "ushort", 4: "float"}

Shape = tuple[int, int, int]


class Canvas(Protocol):
    """Takes rows of samples (rows, W, bands), and gives them as one image of libvips, or as one array."""

    def append(self, rows: NDArray[Any]) -> None: ...
    def fill(self, count: int, write: Callable[[NDArray[Any]], object]) -> None:
        """Append `count` rows that `write` writes into the array that it is given."""

    def image(self, interpretation: str) -> pyvips.Image: ...
    def samples(self) -> NDArray[Any]: ...
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

    def fill(self, count: int, write: Callable[[NDArray[Any]], object]) -> None:
        write(self._samples[self._done : self._done + count])
        self._done += count

    def image(self, interpretation: str) -> pyvips.Image:
        image = pyvips.Image.new_from_array(self._samples)
        return image.copy(interpretation=interpretation)

    def samples(self) -> NDArray[Any]:
        return self._samples

    def close(self) -> None:
        self._samples = np.empty((0, 0, 0), self._samples.dtype)


class _FileCanvas:
    """A temporary file, mapped for libvips; pages that have been encoded are unloaded, so that few are in memory."""

    def __init__(self, folder: Path, shape: Shape, dtype: np.dtype[Any]) -> None:
        self._shape, self._dtype = shape, dtype
        self._file = _temporary_file(folder)
        self._mapped: mmap.mmap | None = None
        self._image: pyvips.Image | None = None
        self._unloaded = 0

    def append(self, rows: NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(rows).data)

    def fill(self, count: int, write: Callable[[NDArray[Any]], object]) -> None:
        rows = np.empty((count, *self._shape[1:]), self._dtype)
        write(rows)
        self.append(rows)

    def image(self, interpretation: str) -> pyvips.Image:
        self._file.flush()
        self._mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        height, width, bands = self._shape
        form = _VIPS_FORMATS[self._dtype.itemsize]
        # The signal is delivered to this object, which must live as long as libvips may send it.
        self._image = pyvips.Image.new_from_memory(self._mapped, width, height, bands, form)
        self._image.set_progress(True)
        self._image.signal_connect("eval", self._unload)
        return self._image.copy(interpretation=interpretation)

    def samples(self) -> NDArray[Any]:
        self._file.flush()
        self._mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(self._mapped, self._dtype).reshape(self._shape)

    def _unload(self, image: pyvips.Image, progress: Any) -> None:
        """Unload pages well above the row being encoded; they would be read again if they were needed."""
        encoded = progress.npels * self._shape[2] * self._dtype.itemsize - _PAGES_KEPT_BYTES
        end = encoded - encoded % mmap.PAGESIZE
        if self._mapped is not None and end > self._unloaded + _PAGES_KEPT_BYTES and hasattr(mmap, "MADV_DONTNEED"):
            self._mapped.madvise(mmap.MADV_DONTNEED, self._unloaded, end - self._unloaded)
            self._unloaded = end

    def close(self) -> None:
        if self._image is not None:
            self._image.set_progress(False)
        # The mapping itself lives until libvips releases it.
        self._image = self._mapped = None
        self._file.close()


def _temporary_file(folder: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=folder)
