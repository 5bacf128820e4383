"""Picture files, written from the top row down and put in place only when complete."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, get_args

import pyvips

from ganfx.atomic import AtomicFile, CommitHook, copy_file
from ganfx.errors import ItemError, OptionError, OutputError, PictureSizeError
from ganfx.files import metadata
from ganfx.files.budget import check_memory
from ganfx.files.canvas import open_canvas
from ganfx.files.codecs import encoded
from ganfx.files.codecs.parts import Parts
from ganfx.files.encoding import Encoding
from ganfx.files.formats import Codec, Format, Icc, format_for
from ganfx.files.reader import PictureReader
from ganfx.files.retouch import retouched
from ganfx.files.vips import writing
from ganfx.imaging.picture import Patch, Picture, PictureInfo

# Files of more raw bytes are BigTIFF: classic TIFF ends at 4 GiB, and compression may enlarge noise a little.
_CLASSIC_TIFF_BYTES = 3.5 * 2**30
# Of the samples, which codecs outside libvips have in memory while they encode.
_CODEC_COPIES = 3


@dataclass(frozen=True)
class SaveOptions:
    """How to save. Raises OptionError where a value is out of range.

    quality          1..100, for formats that have one; None: each format's default. 100 is lossless where that can be
    lossless         all samples as they are; formats that cannot do that are refused
    icc              "keep": the color space of the input; "srgb", "p3" (Display P3): converted into that
    strip_metadata   leave out all but the color profile and the resolution
    background       (R, G, B) 0..255, behind transparent pixels in formats without alpha
    """

    quality: int | None = None
    lossless: bool = False
    icc: Icc = "keep"
    strip_metadata: bool = False
    background: tuple[int, int, int] = (255, 255, 255)

    def __post_init__(self) -> None:
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise OptionError(f"quality: {self.quality} is not between 1 and 100")
        if self.lossless and self.quality not in (None, 100):
            raise OptionError(f"quality: {self.quality} is not lossless", hint="leave out one of both")
        if self.icc not in get_args(Icc):
            raise OptionError(f"icc: {self.icc!r} is none of {', '.join(get_args(Icc))}")
        if len(self.background) != 3 or not all(0 <= value <= 255 for value in self.background):
            raise OptionError(f"background: {self.background} is not three numbers between 0 and 255")


_DEFAULTS = SaveOptions()


def save_picture(
    picture: Picture,
    path: str | Path,
    *,
    options: SaveOptions = _DEFAULTS,
    overwrite: bool = False,
    commit_hook: CommitHook | None = None,
    below: Path | None = None,
) -> tuple[str, ...]:
    """Write `picture` to `path`; the notes returned say what the format cannot keep. Raises as `open_writer` does."""
    with ItemError.about(path):
        writer = open_writer(
            path,
            width=picture.width,
            height=picture.height,
            has_alpha=picture.has_alpha,
            info=picture.info,
            options=options,
            overwrite=overwrite,
            commit_hook=commit_hook,
            below=below,
        )
        with writer:
            writer.write(picture)
        return writer.notes


def copy_picture(
    reader: PictureReader,
    path: Path,
    *,
    options: SaveOptions = _DEFAULTS,
    overwrite: bool = False,
    commit_hook: CommitHook | None = None,
    below: Path | None = None,
) -> tuple[str, ...]:
    """Write the picture of `reader` to `path` unchanged: a copy of the file where the format is the same.

    It is encoded anew where metadata is to be left out, or the suffix does not fit the content. Returns notes, and
    raises, as `save_picture` does.
    """
    form = format_for(path)
    if reader.frame is None and is_same(reader, form, options):
        copy_file(reader.file, path, overwrite=overwrite, commit_hook=commit_hook, below=below)
        return ()
    writer = open_writer(
        path,
        width=reader.width,
        height=reader.height,
        has_alpha=reader.has_alpha,
        info=reader.info,
        options=options,
        overwrite=overwrite,
        commit_hook=commit_hook,
        below=below,
    )
    with writer:
        writer.retouch(reader, ())
    return (*reader.info.notes, *writer.notes)


def is_same(reader: PictureReader, form: Format, options: SaveOptions) -> bool:
    """Whether the file itself is what is to be written."""
    is_named_so = reader.format is form and reader.path.suffix.lower() in form.suffixes
    return is_named_so and not options.strip_metadata and options.icc == "keep"


def open_writer(
    path: str | Path,
    *,
    width: int,
    height: int,
    has_alpha: bool,
    info: PictureInfo,
    options: SaveOptions = _DEFAULTS,
    overwrite: bool = False,
    commit_hook: CommitHook | None = None,
    below: Path | None = None,
) -> PictureWriter:
    """A writer of one picture, a context manager that puts the file in place when left without an exception.

    `commit_hook` is called before the file appears; `below` is as in `ganfx.atomic.AtomicFile`. Raises OutputError
    where no file may be written there, PictureSizeError where the format cannot hold it.
    """
    form = format_for(Path(path))
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
    target = AtomicFile(Path(path), overwrite=overwrite, commit_hook=commit_hook, below=below)
    try:
        quality = 100 if options.lossless and form.quality else options.quality
        return PictureWriter(target, encoding, (width, height), quality)
    except BaseException:
        target.discard()
        raise


def check_form(form: Format, width: int, height: int, options: SaveOptions) -> None:
    """Raises PictureSizeError or OutputError where the format cannot hold a picture of this size, or not losslessly."""
    if max(width, height) > form.max_side:
        raise PictureSizeError(
            f"{form.name} holds {form.max_side} pixels a side, not {width}x{height}", hint="write PNG or TIFF"
        )
    if options.lossless and not form.lossless:
        raise OutputError(f"{form.name} cannot be lossless", hint="write PNG, TIFF, WebP, AVIF or JPEG XL")


class PictureWriter:
    """One picture being written; `notes` say, from the start, what the format cannot keep."""

    def __init__(self, target: AtomicFile, encoding: Encoding, size: tuple[int, int], quality: int | None) -> None:
        self.notes = encoding.notes
        self._target, self._encoding, self._quality = target, encoding, quality
        self._width, self._height = size
        self._done = 0
        with writing(target.folder):
            self._canvas = open_canvas(target.folder, (self._height, self._width, encoding.bands), encoding.dtype)

    def write(self, rows: Picture) -> None:
        """Add `rows` below those written before. Raises OutputError where they do not fit, or the disk is full."""
        if rows.width != self._width or self._done + rows.height > self._height:
            held, given = f"{self._width}x{self._height}", f"{rows.width}x{self._done + rows.height}"
            raise OutputError(f"{given} pixels were given for a picture of {held}")
        with writing(self._target.folder):
            self._canvas.fill(rows.height, lambda into: self._encoding.samples(rows, into))
        self._done += rows.height

    def retouch(self, reader: PictureReader, patches: Iterable[Patch]) -> None:
        """Write the picture of `reader`, of this writer's size, with `patches` in the order of their boxes' tops.

        Samples that no patch changes are copied bit for bit, where the format can hold them. Raises OutputError, and
        what reading and the patches raise.
        """
        form = self._encoding.form
        if form.quality and not _is_lossless(form, self._quality):
            self.notes += (f"{form.name} stores all pixels anew: write PNG or TIFF to keep the rest bit for bit",)
        for samples in retouched(reader, patches, self._encoding):
            with writing(self._target.folder):
                self._canvas.append(samples)
            self._done += len(samples)

    def _commit(self) -> None:
        if self._done != self._height:
            raise OutputError(f"only {self._done} of {self._height} rows were given")
        with writing(self._target.folder):
            self._encode()
        self._target.commit()

    def _encode(self) -> None:
        encoding = self._encoding
        if isinstance(encoding.form.saver, Codec):
            self._encode_by(encoding.form.saver)
            return
        image, keep = metadata.attach(self._canvas.image(encoding.interpretation), encoding.metadata, encoding.form)
        options = saver_options(encoding.form, image, self._quality or encoding.form.quality)
        self._save(image, keep=keep, **options)
        with self._target.open("r+b") as file:
            metadata.complete(file, encoding.metadata, encoding.form)

    def _encode_by(self, codec: Codec) -> None:
        form, quality = self._encoding.form, self._quality or self._encoding.form.quality or 100
        parts = Parts(self._encoding.is_grey, self._encoding.metadata, quality, _is_lossless(form, quality))
        samples = self._canvas.samples()
        check_memory(_CODEC_COPIES * samples.nbytes, f"{form.name} of {self._width}x{self._height} pixels")
        with self._target.open("r+b") as file:
            file.write(encoded(codec, samples, parts))

    def _save(self, image: pyvips.Image, **options: Any) -> None:
        saver, target = self._encoding.form.saver, self._target
        if os.name == "nt":
            # The descriptors of this process are unknown to libvips there.
            target.open().close()
            pyvips.Operation.call(saver, image, os.fsencode(target.part), **options)
        else:
            pyvips.Operation.call(
                f"{saver}_target", image, pyvips.Target.new_to_descriptor(target.descriptor), **options
            )

    def __enter__(self) -> PictureWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            self._canvas.close()
            self._target.discard()


def _is_lossless(form: Format, quality: int | None) -> bool:
    return form.lossless and (form.quality is None or quality == 100)


def saver_options(form: Format, image: pyvips.Image, quality: int | None) -> dict[str, Any]:
    """The options of the format's saver for an image of that quality, 1..100; None where the format has none."""
    options = dict(form.options)
    if form.quality and _is_lossless(form, quality):
        options["lossless"] = True
    elif form.quality:
        options["Q"] = quality
    if form.name == "AVIF":
        options["bitdepth"] = form.bits if image.format == "ushort" else 8
    if form.name == "TIFF":
        sample_bytes = {"uchar": 1, "ushort": 2, "float": 4}[image.format]
        options["bigtiff"] = image.width * image.height * image.bands * sample_bytes > _CLASSIC_TIFF_BYTES
        if image.format == "float":
            options["predictor"] = "float"
    return options
