"""Picture files, read from the top row down."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from ganfx.errors import GanfxError, ItemError
from ganfx.files import metadata
from ganfx.files.budget import check_memory
from ganfx.files.formats import PNG, READABLE, WRITABLE, Codec
from ganfx.files.icc import profile_of
from ganfx.files.regular import is_regular, open_regular
from ganfx.files.samples import floats_of
from ganfx.files.source import Rows, checked_format, color_bands, open_upright, sniff
from ganfx.files.vips import reading
from ganfx.imaging.color import encode_srgb
from ganfx.imaging.picture import Box, Floats, Picture, PictureInfo

# Of samples by their type in libvips, as far as they are not 16.
_BITS = {"uchar": 8, "float": 32, "double": 32}


def open_picture(path: str | Path) -> Picture:
    """The whole picture at `path`, upright. Raises UnreadableError or PictureSizeError."""
    with ItemError.about(path), open_reader(path) as reader:
        return reader.rows(0, reader.height)


def open_reader(path: str | Path, *, frame: int | None = None) -> PictureReader:
    """A reader of the picture at `path`, a context manager. Raises UnreadableError or PictureSizeError.

    frame: which frame of an animation it is, counted from 1; None: the first, with a note.
    """
    return PictureReader(Path(path), frame=frame)


def is_picture(path: str | Path) -> bool:
    """Whether the file at `path` begins like one of the formats that can be read."""
    try:
        return is_regular(path) and sniff(Path(path)) is not None
    except GanfxError:
        return False


def writable_suffix(path: str | Path, *, alpha: bool = False) -> str:
    """The suffix for a result made from `path`: its own if that can be written, else one that fits its content.

    RAW becomes .tif, for example, and what is no picture .png. alpha: whether the result has one; what has no place for
    it becomes .png.
    """
    path = Path(path)
    named = READABLE.get(path.suffix.lower())
    if named and named.is_written:
        return PNG.suffixes[0] if alpha and not named.alpha else path.suffix
    form = sniff(path) if is_regular(path) else None
    suffix = (form or named or PNG).result_suffix
    return PNG.suffixes[0] if alpha and not WRITABLE[suffix].alpha else suffix


class PictureReader:
    """One open picture file, a context manager and a `Source` of the pipeline. Not thread-safe.

    path            where it is
    file            the file itself, which stays the one that was opened
    format          its format, by its content
    frame           which frame of an animation it is, counted from 1; None: the first, or the only picture
    width, height   pixels of the upright picture
    has_alpha       whether it has an alpha
    colors          1: grey; 3: color
    info            depth, metadata and notes
    """

    def __init__(self, path: Path, *, frame: int | None = None) -> None:
        with contextlib.ExitStack() as stack:
            self.path, self.file = path, stack.enter_context(open_regular(path))
            self.format, self.frame = checked_format(path), frame
            image, notes = open_upright(path, self.format, frame=frame)
            # Decoded once, and for as long as the reader is open.
            self._decoded = image if isinstance(self.format.loader, Codec) else None
            self._describe(image, notes)
            stack.pop_all()

    def _describe(self, image: pyvips.Image, notes: tuple[str, ...]) -> None:
        with reading():
            carried, metadata_notes = metadata.gather(image, self.path, self.format)
            self._rows = Rows(image, self._open)
            self.has_alpha = bool(image.hasalpha())
        self.width, self.height = int(image.width), int(image.height)
        self.colors = color_bands(image)
        self._profile, profile_notes = profile_of(carried.get("icc"), grey=self.colors == 1)
        notes += metadata_notes + profile_notes
        self._linear = image.format in ("float", "double") and "icc" not in carried
        self.info = PictureInfo(_BITS.get(image.format, 16), self.colors == 1, carried, notes)

    def rows(self, top: int, bottom: int) -> Picture:
        """The rows from `top` up to, and without, `bottom`.

        Decoding goes on from the last call where ranges move downwards, overlapping or not, else it starts again.
        Raises UnreadableError where the file turns out to be damaged.
        """
        return self.crop(Box(0, top, self.width, bottom))

    def crop(self, box: Box) -> Picture:
        """The part in `box`; only its pixels are converted. Boxes should move downwards, as in `rows`.

        Raises UnreadableError, and PictureSizeError where that much does not fit into memory.
        """
        check_memory(box.width * box.height * 4 * (3 + self.has_alpha), f"picture of {box.width}x{box.height} pixels")
        with reading():
            rgb = np.empty((box.height, box.width, 3), np.float32)
            alpha = np.empty((box.height, box.width), np.float32) if self.has_alpha else None
            for at, raw in self._rows.fetch(box.top, box.bottom):
                part = slice(at - box.top, at - box.top + len(raw))
                rgb[part], opacity = self._converted(raw[:, box.left : box.right])
                if alpha is not None:
                    alpha[part] = opacity
        return Picture(rgb, alpha, self.info)

    def samples(self) -> Iterator[NDArray[Any]]:
        """The stored samples (rows, W, bands) of the upright picture, from the top row down.

        They are decoded separately from `rows` and `crop`. Raises UnreadableError.
        """
        with reading():
            rows = Rows(self._open(), self._open)
            try:
                yield from rows.rest()
            finally:
                rows.close()

    def decoded(self, raw: NDArray[Any]) -> Picture:
        """Stored samples (rows, W, bands) as a picture."""
        colors, alpha = self._converted(raw)
        rgb = np.broadcast_to(colors, (*raw.shape[:2], 3))
        return Picture(rgb, alpha if self.has_alpha else None, self.info)

    def _open(self) -> pyvips.Image:
        return self._decoded or open_upright(self.path, self.format, frame=self.frame)[0]

    def _converted(self, raw: NDArray[Any]) -> tuple[Floats, Floats]:
        """Samples (rows, W, bands) as colors (rows, W, 1 or 3) and the last band, which may be alpha."""
        values = floats_of(raw)
        colors, alpha = values[..., : self.colors], values[..., -1]
        if self._profile:
            colors = self._profile.to_srgb(colors)
        elif self._linear:
            colors = encode_srgb(colors)
        return colors, alpha

    def close(self) -> None:
        """Close the file."""
        self._rows.close()
        self._decoded = None
        self.file.close()

    def __enter__(self) -> PictureReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
