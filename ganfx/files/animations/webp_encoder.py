"""Animated WebP files, written frame by frame."""

from __future__ import annotations

from typing import IO, Any

from numpy.typing import NDArray

from ganfx.files.animations.changes import box_around, changed_pixels
from ganfx.files.animations.encoded import encoded
from ganfx.files.animations.timing import Timing, ticks
from ganfx.files.chunks import webp_chunks
from ganfx.files.encoding import Encoding
from ganfx.imaging.picture import Box

_PROFILE, _ALPHA, _EXIF, _XMP, _ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02
_METADATA = {b"ICCP": _PROFILE, b"EXIF": _EXIF, b"XMP ": _XMP}
_SAMPLES = (b"ALPH", b"VP8 ", b"VP8L")
# The pixels of a frame replace those before; otherwise they would be blended with them.
_REPLACES = 0x02
_MOST_MS, _MOST_PLAYS = 2**24 - 1, 2**16 - 1


class WebpEncoder:
    """Writes an animated WebP to an open file; of frames but the first, what changes."""

    notes: tuple[str, ...] = ()

    def __init__(self, file: IO[bytes], encoding: Encoding, timing: Timing, quality: int | None) -> None:
        self._file, self._encoding, self._quality = file, encoding, quality
        self._plays = min(timing.plays, _MOST_PLAYS)
        self._milliseconds = iter(ticks(timing.durations, 1000, _MOST_MS))
        self._before: NDArray[Any] | None = None
        self._last = b""

    def add(self, samples: NDArray[Any]) -> None:
        """Write the next frame (H, W, bands). Raises pyvips.Error, OSError or OutputError."""
        if self._before is None:
            box = Box(0, 0, samples.shape[1], samples.shape[0])
            data = encoded(samples, self._encoding, self._quality, with_metadata=True)
            self._begin(data, box)
        else:
            # Frames begin at even columns and rows.
            box = box_around(changed_pixels(samples, self._before), step=2)
            data = encoded(samples[box.window], self._encoding, self._quality)
        self._write_frame(data, box)
        self._before = samples

    def _begin(self, data: bytes, box: Box) -> None:
        parts = {chunk.name: _riff(chunk.name, data[chunk.start : chunk.end]) for chunk in webp_chunks(data)}
        found = {name: parts[name] for name in _METADATA if name in parts}
        flags = _ANIMATION | sum(_METADATA[name] for name in found) | (_ALPHA if self._encoding.keeps_alpha else 0)
        self._file.write(b"RIFF\0\0\0\0WEBP")
        self._file.write(_riff(b"VP8X", bytes([flags, 0, 0, 0]) + _three(box.width - 1) + _three(box.height - 1)))
        self._file.write(found.pop(b"ICCP", b""))
        self._file.write(_riff(b"ANIM", bytes(4) + self._plays.to_bytes(2, "little")))
        # Metadata but the profile stand behind the frames.
        self._last = b"".join(found.values())

    def _write_frame(self, data: bytes, box: Box) -> None:
        place = (box.left // 2, box.top // 2, box.width - 1, box.height - 1, next(self._milliseconds))
        body = b"".join(map(_three, place)) + bytes([_REPLACES])
        chunks = [chunk for chunk in webp_chunks(data) if chunk.name in _SAMPLES]
        self._file.write(
            _riff(b"ANMF", body + b"".join(_riff(part.name, data[part.start : part.end]) for part in chunks))
        )

    def finish(self) -> None:
        """Write what stands behind the frames, and the file's size into its head."""
        self._file.write(self._last)
        size = self._file.tell()
        self._file.seek(4)
        self._file.write((size - 8).to_bytes(4, "little"))

    def close(self) -> None:
        """There is nothing to close."""


def _riff(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")
