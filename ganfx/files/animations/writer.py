"""Animations, written one frame at a time and put in place only when complete."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ganfx.atomic import AtomicFile, CommitHook, copy_file
from ganfx.errors import OutputError
from ganfx.files.animations.avif_encoder import AvifEncoder
from ganfx.files.animations.gif_encoder import GifEncoder
from ganfx.files.animations.png_encoder import PngEncoder
from ganfx.files.animations.reader import AnimationReader
from ganfx.files.animations.timing import Timing
from ganfx.files.animations.webp_encoder import WebpEncoder
from ganfx.files.encoding import Encoding
from ganfx.files.formats import Format, format_for
from ganfx.files.vips import writing
from ganfx.files.writer import SaveOptions, check_form, is_same
from ganfx.imaging.picture import Picture, PictureInfo

# What AVIF sequences hold here, whatever its still pictures do.
_AVIF_BITS = 8


def animated_format(path: Path, count: int) -> Format:
    """The format of a file for `count` frames. Raises OutputError where it holds a single picture."""
    form = format_for(path)
    if not form.animation:
        hint = "--frame 1 takes one of them, -f webp keeps them all"
        raise OutputError(f"it has {count} frames, and {form.name} holds one picture", hint=hint)
    return form


def open_animation_writer(
    path: Path,
    *,
    width: int,
    height: int,
    has_alpha: bool,
    info: PictureInfo,
    timing: Timing,
    options: SaveOptions,
    overwrite: bool = False,
    commit_hook: CommitHook | None = None,
    below: Path | None = None,
) -> AnimationWriter:
    """A writer of one animation, a context manager that puts the file in place when left without an exception.

    Raises as `ganfx.files.open_writer` does, and OutputError where the format holds a single picture.
    """
    form = animated_format(path, len(timing.durations))
    if form.name == "AVIF":
        form = dataclasses.replace(form, bits=_AVIF_BITS, lossless=False)
    check_form(form, width, height, options)
    encoding = Encoding(
        form,
        info,
        size=(width, height),
        has_alpha=has_alpha,
        strip=options.strip_metadata,
        icc=options.icc,
        background=options.background,
    )
    target = AtomicFile(path, overwrite=overwrite, commit_hook=commit_hook, below=below)
    try:
        quality = 100 if options.lossless and form.quality else options.quality
        return AnimationWriter(target, encoding, (width, height), timing, quality)
    except BaseException:
        target.discard()
        raise


def copy_animation(
    animation: AnimationReader,
    path: Path,
    *,
    options: SaveOptions,
    overwrite: bool = False,
    commit_hook: CommitHook | None = None,
    below: Path | None = None,
) -> bool:
    """Copy the file of `animation` to `path`, where that is what is asked for; whether it was.

    It is not where the format is another one or metadata is to be left out. Raises OutputError.
    """
    if not is_same(animation.first, format_for(path), options):
        return False
    copy_file(animation.first.file, path, overwrite=overwrite, commit_hook=commit_hook, below=below)
    return True


class _Encoder(Protocol):
    """Writes frames (H, W, bands) as they are added, or all of them at the end; `notes` are for the user."""

    notes: tuple[str, ...]

    def add(self, samples: NDArray[Any]) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


class AnimationWriter:
    """One animation being written; `notes` say, from the start, what the format cannot keep."""

    def __init__(
        self, target: AtomicFile, encoding: Encoding, size: tuple[int, int], timing: Timing, quality: int | None
    ) -> None:
        self._target, self._encoding = target, encoding
        self._missing = len(timing.durations)
        width, height = size
        self._samples = np.empty((height, width, encoding.bands), encoding.dtype)
        self._rows = 0
        with writing(target.folder):
            self._file = target.open()
            self._encoder = _encoder(self._file, encoding, timing, quality, target.folder)
        self.notes = (*encoding.notes, *self._encoder.notes)

    def write(self, rows: Picture) -> None:
        """Add `rows` below those of the frame written before. Raises OutputError where they do not fit."""
        height, width, _ = self._samples.shape
        if rows.width != width or self._rows + rows.height > height:
            raise OutputError(f"{rows.width}x{self._rows + rows.height} pixels were given for {width}x{height}")
        self._samples[self._rows : self._rows + rows.height] = self._encoding.samples(rows)
        self._rows += rows.height

    def end_frame(self) -> None:
        """Go on to the next frame. Raises OutputError where rows are missing, or the disk is full."""
        if self._rows != len(self._samples):
            raise OutputError(f"only {self._rows} of {len(self._samples)} rows were given")
        self.repeat()
        self._rows = 0

    def repeat(self) -> None:
        """Write the frame before once more. Raises OutputError."""
        with writing(self._target.folder):
            self._encoder.add(self._samples.copy())
        self._missing -= 1

    def _commit(self) -> None:
        if self._missing:
            raise OutputError(f"{self._missing} frames were not given")
        with writing(self._target.folder):
            self._encoder.finish()
            self._file.close()
        self._target.commit()

    def __enter__(self) -> AnimationWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            self._encoder.close()
            # What is left in its buffer is of no use, and may not fit onto the disk.
            with contextlib.suppress(OSError):
                self._file.close()
            self._target.discard()


def _encoder(file: IO[bytes], encoding: Encoding, timing: Timing, quality: int | None, folder: Path) -> _Encoder:
    name = encoding.form.name
    if name == "PNG":
        return PngEncoder(file, encoding, timing)
    if name == "WebP":
        return WebpEncoder(file, encoding, timing, quality)
    if name == "GIF":
        return GifEncoder(file, encoding, timing, folder)
    return AvifEncoder(file, encoding, timing, quality, folder)
