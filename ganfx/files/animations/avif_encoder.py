"""AVIF sequences, which Pillow encodes: it asks for the frames, so they are kept until all are there."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray
from PIL import Image

from ganfx.files.animations.spool import Spool
from ganfx.files.animations.timing import Timing, ticks
from ganfx.files.encoding import Encoding

_MOST_MS = 2**31 - 1
_LOSSLESS = 100


class AvifEncoder:
    """Writes an AVIF sequence to an open file. Raises OSError."""

    def __init__(self, file: IO[bytes], encoding: Encoding, timing: Timing, quality: int | None, folder: Path) -> None:
        self._file, self._encoding, self._timing = file, encoding, timing
        self._quality = quality or encoding.form.quality or _LOSSLESS
        self._spool = Spool(folder)
        self.notes: tuple[str, ...] = ("AVIF is written to play without end",) if timing.plays else ()

    def add(self, samples: NDArray[Any]) -> None:
        """Keep the next frame (H, W, 3 or 4)."""
        self._spool.add(samples)

    def finish(self) -> None:
        """Write the file."""
        ready = self._encoding.metadata
        made = io.BytesIO()
        _Sequence(self._spool).save(
            made,
            "AVIF",
            save_all=True,
            quality=self._quality,
            subsampling="4:4:4" if self._quality == _LOSSLESS else "4:2:0",
            duration=ticks(self._timing.durations, 1000, _MOST_MS),
            icc_profile=ready.get("icc"),
            exif=ready.get("exif"),
            xmp=ready.get("xmp"),
        )
        self._file.write(made.getbuffer())

    def close(self) -> None:
        """Remove what was kept."""
        self._spool.close()


class _Sequence(Image.Image):
    """The frames of a spool as one image of Pillow's, of which just the current frame is in memory."""

    is_animated = True

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool, self.n_frames = spool, len(spool)
        self._begin()
        height, width, bands = self._current.shape
        self._size, self._mode = (width, height), "RGB" if bands == 3 else "RGBA"

    def _begin(self) -> None:
        self._frames, self._position = self._spool.frames(), 0
        self._current = next(self._frames)

    def tell(self) -> int:
        """The number of the current frame, from 0 on."""
        return self._position

    def seek(self, frame: int) -> None:
        """Go to a frame. Raises EOFError behind the last."""
        if not 0 <= frame < self.n_frames:
            raise EOFError
        if frame < self._position:
            self._begin()
        while self._position < frame:
            self._current, self._position = next(self._frames), self._position + 1

    def tobytes(self, encoder_name: str = "raw", *args: Any) -> bytes:
        """The samples of the current frame."""
        return self._current.tobytes()
