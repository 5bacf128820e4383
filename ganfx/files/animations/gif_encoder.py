"""Animated GIF files: all frames are kept until the palette is known, which is made once for all of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganfx.errors import OutputError
from ganfx.files.animations.changes import box_around
from ganfx.files.animations.palette import ColorCensus, ExactMapping, Mapping
from ganfx.files.animations.spool import Spool
from ganfx.files.animations.timing import Timing, ticks
from ganfx.files.encoding import Encoding

# Pixels at least this opaque are visible.
_VISIBLE = 128
_MOST = 2**16 - 1
_COLORS = 256
# What is done with a frame's area once it was shown.
_KEEP, _CLEAR = 1, 2


class GifEncoder:
    """Writes an animated GIF to an open file. Raises OSError or OutputError."""

    notes: tuple[str, ...] = ()

    def __init__(self, file: IO[bytes], encoding: Encoding, timing: Timing, folder: Path) -> None:
        self._file, self._has_alpha, self._timing = file, encoding.keeps_alpha, timing
        self._census = ColorCensus(len(timing.durations))
        self._spool = Spool(folder)

    def add(self, samples: NDArray[Any]) -> None:
        """Keep the next frame (H, W, 3 or 4)."""
        visible = samples[..., 3] >= _VISIBLE if self._has_alpha else slice(None)
        self._census.add(samples[..., :3][visible].reshape(-1, 3))
        self._spool.add(samples)

    def finish(self) -> None:
        """Write the file."""
        colors, is_exact = self._census.palette(_COLORS if not self._has_alpha else _COLORS - 1)
        if not is_exact:
            colors, is_exact = self._census.palette(_COLORS - 1)
        # The number that stands for no color; all 256 are only used where nothing is transparent.
        clear = _COLORS - 1 if len(colors) < _COLORS else None
        mapping = ExactMapping(colors) if is_exact else Mapping(colors)
        frames = (self._numbers(samples, mapping, clear) for samples in self._spool.frames())
        delays = ticks(self._timing.durations, 100, _MOST)
        for index, (delay, (frame, after)) in enumerate(zip(delays, _with_next(frames), strict=True)):
            if index == 0:
                self._begin(frame.shape, colors)
                canvas = np.full(frame.shape, -1 if clear is None else clear, np.int16)
            self._write_frame(frame, after, canvas, clear, delay)
        self._file.write(b";")

    def _numbers(self, samples: NDArray[Any], mapping: Mapping | ExactMapping, clear: int | None) -> NDArray[np.int16]:
        """The number of each pixel's color (H, W); `clear` where it is transparent."""
        numbers = mapping.indices(samples[..., :3]).astype(np.int16)
        if self._has_alpha and clear is not None:
            numbers[samples[..., 3] < _VISIBLE] = clear
        return numbers

    def _begin(self, shape: tuple[int, ...], colors: NDArray[np.uint8]) -> None:
        table = colors.tobytes().ljust(3 * _COLORS, b"\0")
        # A table of 256 colors of 8 bits for all frames; the first is the background, which is not shown.
        self._file.write(b"GIF89a" + _two(shape[1]) + _two(shape[0]) + b"\xf7\0\0" + table)
        plays = self._timing.plays
        if plays != 1:
            # How often it is played again; 0: without end.
            again = min(plays - 1, _MOST) if plays else 0
            self._file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + _two(again) + b"\0")

    def _write_frame(
        self,
        frame: NDArray[np.int16],
        after: NDArray[np.int16] | None,
        canvas: NDArray[np.int16],
        clear: int | None,
        delay: int,
    ) -> None:
        """Write what of `frame` differs from `canvas`, and leave there what is seen when the next frame comes."""
        same = canvas == frame
        vanishing = np.zeros_like(same) if after is None or clear is None else (frame != clear) & (after == clear)
        box = box_around(~same | vanishing)
        drawn = frame[box.window] if clear is None else np.where(same, clear, frame)[box.window]
        is_cleared = bool(vanishing.any())
        flags = (_CLEAR if is_cleared else _KEEP) << 2 | (clear is not None)
        self._file.write(b"!\xf9\x04" + bytes([flags]) + _two(delay) + bytes([clear or 0, 0]))
        self._file.write(b"," + b"".join(map(_two, (box.left, box.top, box.width, box.height))) + b"\0")
        self._file.write(_compressed(drawn))
        canvas[:] = frame
        if is_cleared and clear is not None:
            canvas[box.window] = clear

    def close(self) -> None:
        """Remove what was kept."""
        self._spool.close()


def _with_next(frames: Iterator[NDArray[np.int16]]) -> Iterator[tuple[NDArray[np.int16], NDArray[np.int16] | None]]:
    """Each frame, and the one after it; None after the last."""
    last: NDArray[np.int16] | None = None
    for frame in frames:
        if last is not None:
            yield last, frame
        last = frame
    if last is not None:
        yield last, None


def _two(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _compressed(numbers: NDArray[np.int16]) -> bytes:
    """The compressed pixels (H, W) as the blocks of a GIF, which Pillow makes."""
    height, width = numbers.shape
    image = Image.frombytes("P", (width, height), numbers.astype(np.uint8).tobytes())
    image.putpalette(bytes(range(256)) * 3)
    file = io.BytesIO()
    image.save(file, "GIF", interlace=False, optimize=False)
    return _pixels_of(file.getvalue())


def _pixels_of(data: bytes) -> bytes:
    """The compressed pixels of a GIF with one frame: from behind its descriptor up to its end."""
    at = 13 + 3 * (2 << (data[10] & 7)) if data[10] & 0x80 else 13
    while data[at : at + 1] == b"!":
        at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    if data[at : at + 1] != b"," or data[at + 9] & 0x80 or data[-1:] != b";":
        raise OutputError("Pillow's GIF is not as expected", hint="write WebP or PNG: -f webp")
    return data[at + 10 : -1]
