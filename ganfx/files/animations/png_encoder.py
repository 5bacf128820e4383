"""APNG files, written frame by frame."""

from __future__ import annotations

from fractions import Fraction
from typing import IO, Any

from numpy.typing import NDArray

from ganfx.files.animations.changes import box_around, changed_pixels
from ganfx.files.animations.encoded import encoded
from ganfx.files.animations.png_frames import BLEND_SOURCE, CONTROL, DISPOSE_NONE, FrameControl
from ganfx.files.animations.timing import Timing
from ganfx.files.chunks import PNG_SIGNATURE, Chunk, png_chunk, png_chunks
from ganfx.files.encoding import Encoding
from ganfx.imaging.picture import Box

_MOST = 2**16 - 1


class PngEncoder:
    """Writes an APNG to an open file: the first frame as a picture of its own, of the others what changes."""

    notes: tuple[str, ...] = ()

    def __init__(self, file: IO[bytes], encoding: Encoding, timing: Timing) -> None:
        self._file, self._encoding, self._timing = file, encoding, timing
        self._before: NDArray[Any] | None = None
        self._frames = self._sequence = 0

    def add(self, samples: NDArray[Any]) -> None:
        """Write the next frame (H, W, bands). Raises pyvips.Error, OSError or OutputError."""
        if self._before is None:
            self._begin(samples)
        else:
            box = box_around(changed_pixels(samples, self._before))
            data = encoded(samples[box.window], self._encoding, None)
            self._write_control(box)
            for chunk in png_chunks(data):
                if chunk.name == b"IDAT":
                    self._write(b"fdAT", self._next_number() + data[chunk.start : chunk.end])
        self._before = samples
        self._frames += 1

    def _begin(self, samples: NDArray[Any]) -> None:
        data = encoded(samples, self._encoding, None, with_metadata=True)
        chunks = list(png_chunks(data))
        self._file.write(PNG_SIGNATURE)
        self._copy(data, [chunk for chunk in chunks if chunk.name == b"IHDR"])
        count, plays = len(self._timing.durations), self._timing.plays
        self._write(b"acTL", count.to_bytes(4, "big") + plays.to_bytes(4, "big"))
        self._copy(data, [chunk for chunk in chunks if chunk.name not in (b"IHDR", b"IDAT", b"IEND")])
        self._write_control(Box(0, 0, samples.shape[1], samples.shape[0]))
        self._copy(data, [chunk for chunk in chunks if chunk.name == b"IDAT"])

    def _copy(self, data: bytes, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            self._write(chunk.name, data[chunk.start : chunk.end])

    def _write_control(self, box: Box) -> None:
        delay, per = _ratio(self._timing.durations[self._frames])
        sequence = int.from_bytes(self._next_number(), "big")
        control = FrameControl(
            sequence, box.width, box.height, box.left, box.top, delay, per, DISPOSE_NONE, BLEND_SOURCE
        )
        self._write(b"fcTL", CONTROL.pack(*control))

    def _next_number(self) -> bytes:
        self._sequence += 1
        return (self._sequence - 1).to_bytes(4, "big")

    def _write(self, name: bytes, body: bytes) -> None:
        self._file.write(png_chunk(name, body))

    def finish(self) -> None:
        """Write the end of the file."""
        self._write(b"IEND", b"")

    def close(self) -> None:
        """There is nothing to close."""


def _ratio(duration: Fraction) -> tuple[int, int]:
    """The duration as a ratio of two numbers below 2**16: exact, or to a thousandth of a second."""
    if max(duration.numerator, duration.denominator) > _MOST:
        duration = min(duration, Fraction(_MOST)).limit_denominator(1000)
    if duration.numerator > _MOST:
        duration = Fraction(round(duration))
    return duration.numerator, duration.denominator
