"""Frames of APNG files: libvips decodes each as a PNG of its own, and they are composed here, at their full depth."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyvips
from numpy.typing import NDArray

from ganfx.errors import UnreadableError
from ganfx.files.animations.frames import header_of
from ganfx.files.animations.timing import Timing
from ganfx.files.budget import check_frames
from ganfx.files.chunks import PNG_SIGNATURE, Chunk, png_chunk, png_chunks
from ganfx.files.directories import FileBlock
from ganfx.files.regular import open_regular
from ganfx.files.vips import opened

# What a frame control says to do with the frame's area after it was shown, and how it is put onto what is there.
DISPOSE_NONE, DISPOSE_BACKGROUND, DISPOSE_PREVIOUS = 0, 1, 2
BLEND_SOURCE, BLEND_OVER = 0, 1
CONTROL = struct.Struct(">IIIIIHHBB")
# What all frames share and the decoder needs.
_HEADER_BYTES = 13
_SHARED = (b"PLTE", b"tRNS")


class FrameControl(NamedTuple):
    """What an `fcTL` chunk says of a frame: its place on the canvas, its time, and how it is put there."""

    sequence: int
    width: int
    height: int
    left: int
    top: int
    delay: int
    delay_per: int
    dispose: int
    blend: int

    @property
    def duration(self) -> Fraction:
        """In seconds."""
        return Fraction(self.delay, self.delay_per or 100)

    @property
    def window(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class _Stored:
    """A frame as stored: its control, and the chunks with its compressed samples."""

    control: FrameControl
    data: list[Chunk] = field(default_factory=list)


def count_frames(path: Path) -> int:
    """How many frames the PNG file at `path` says it has; 1 where it is no animation."""
    with open_regular(path) as file:
        block = FileBlock(file)
        for chunk in png_chunks(block):
            if chunk.name == b"acTL" and chunk.size == 8:
                return max(1, int.from_bytes(block[chunk.start : chunk.start + 4], "big"))
            if chunk.name == b"IDAT":
                break
    return 1


class PngFrames:
    """`Frames` of an APNG file. The constructor raises UnreadableError where its structure is damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with open_regular(path) as file:
            self._read(FileBlock(file))
            controls = [frame.control for frame in self._frames]
            self._check_sizes(controls)
            first = self._decoded(FileBlock(file), self._frames[0])
        with opened(path) as source:
            self.header = header_of(pyvips.Operation.call("pngload_source", source, access="sequential"))
        self.interpretation = str(first.interpretation)
        self._has_alpha = bool(first.hasalpha())
        self._adds_alpha = not self._has_alpha and (
            any(control.dispose != DISPOSE_NONE for control in controls)
            or controls[0][1:3] != (self.width, self.height)
        )

    def _read(self, block: FileBlock) -> None:
        """Note where everything is, and check it. Raises UnreadableError or PictureSizeError."""
        self._header, self._shared, self._frames = b"", list[bytes](), list[_Stored]()
        count = plays = sequence = 0
        for chunk in png_chunks(block):
            if chunk.name == b"IHDR":
                self._header = _content(block, chunk)
            elif chunk.name == b"acTL" and chunk.size == 8:
                count, plays = struct.unpack(">II", _content(block, chunk))
            elif chunk.name in _SHARED:
                self._shared.append(png_chunk(chunk.name, _content(block, chunk)))
            elif chunk.name in (b"fcTL", b"fdAT"):
                if block[chunk.start : chunk.start + 4] != sequence.to_bytes(4, "big"):
                    raise UnreadableError("frames are missing, or not in their order", hint="copy or download it again")
                sequence += 1
            self._take(block, chunk)
        if len(self._header) != _HEADER_BYTES or not 0 < count <= len(self._frames):
            found = len(self._frames)
            raise UnreadableError(f"{found} of {count} frames are there", hint="it is cut off: download it again")
        del self._frames[count:]
        self.width, self.height = struct.unpack_from(">II", self._header)
        check_frames(self.width, self.height, count)
        self.timing = Timing(tuple(frame.control.duration for frame in self._frames), plays)

    def _take(self, block: FileBlock, chunk: Chunk) -> None:
        """Note the control of a frame, or a chunk of its samples; those before the first control are no frame's."""
        if chunk.name == b"fcTL":
            content = _content(block, chunk)
            if len(content) != CONTROL.size:
                raise UnreadableError("a frame's control is damaged", hint="copy or download it again")
            self._frames.append(_Stored(FrameControl(*CONTROL.unpack(content))))
        elif chunk.name in (b"IDAT", b"fdAT") and self._frames:
            self._frames[-1].data.append(chunk)

    def _check_sizes(self, controls: list[FrameControl]) -> None:
        for number, control in enumerate(controls, 1):
            right, bottom = control.left + control.width, control.top + control.height
            if not (control.width and control.height and right <= self.width and bottom <= self.height):
                raise UnreadableError(f"frame {number} lies outside the picture", hint="copy or download it again")

    def samples(self) -> Iterator[NDArray[Any]]:
        """The frames (height, width, bands), each decoded and composed when it is asked for."""
        canvas: NDArray[Any] | None = None
        with open_regular(self._path) as file:
            block = FileBlock(file)
            for index, frame in enumerate(self._frames):
                drawn = self._with_alpha(self._decoded(block, frame))
                if canvas is None:
                    canvas = np.zeros((self.height, self.width, drawn.shape[2]), drawn.dtype)
                area = canvas[frame.control.window]
                before = area.copy() if frame.control.dispose == DISPOSE_PREVIOUS and index else np.zeros_like(area)
                area[:] = _over(drawn, area) if frame.control.blend == BLEND_OVER and self._keeps_alpha else drawn
                yield canvas.copy()
                if frame.control.dispose != DISPOSE_NONE:
                    area[:] = before

    @property
    def _keeps_alpha(self) -> bool:
        return self._has_alpha or self._adds_alpha

    def _with_alpha(self, image: pyvips.Image) -> NDArray[Any]:
        drawn: NDArray[Any] = image.numpy().reshape(image.height, image.width, image.bands)
        if not self._adds_alpha:
            return drawn
        opaque = np.full((*drawn.shape[:2], 1), np.iinfo(drawn.dtype).max, drawn.dtype)
        return np.concatenate([drawn, opaque], axis=2)

    def _decoded(self, block: FileBlock, frame: _Stored) -> pyvips.Image:
        size = struct.pack(">II", frame.control.width, frame.control.height)
        data = b"".join(_content(block, chunk)[4 if chunk.name == b"fdAT" else 0 :] for chunk in frame.data)
        header = png_chunk(b"IHDR", size + self._header[8:])
        file = b"".join([PNG_SIGNATURE, header, *self._shared, png_chunk(b"IDAT", data), png_chunk(b"IEND", b"")])
        image: pyvips.Image = pyvips.Operation.call("pngload_buffer", file, fail_on="error")
        return image


def _content(block: FileBlock, chunk: Chunk) -> bytes:
    """The content of a chunk. Raises UnreadableError where its checksum is another one."""
    content = block[chunk.start : chunk.end]
    if zlib.crc32(chunk.name + content).to_bytes(4, "big") != block[chunk.end : chunk.end + 4]:
        raise UnreadableError("a part of the file has the wrong checksum", hint="copy or download it again")
    return content


def _over(drawn: NDArray[Any], below: NDArray[Any]) -> NDArray[Any]:
    """Samples with straight alpha composited over others, rounded to nearest."""
    full = np.float32(np.iinfo(drawn.dtype).max)
    alpha, under = drawn[..., -1:] / full, below[..., -1:] / full
    result = alpha + under * (1 - alpha)
    mixed = drawn[..., :-1] * alpha + below[..., :-1] * (under * (1 - alpha))
    colors = mixed / np.maximum(result, 1 / full**2)
    made = np.concatenate([colors, result * full], axis=2)
    made = np.asarray(np.floor(made + np.float32(0.5)), drawn.dtype)
    return np.where(alpha == 1, drawn, np.where(alpha == 0, below, made))
