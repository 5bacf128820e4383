"""A file of any bytes, read as a picture and written again, for the targets of the formats."""

from __future__ import annotations

import functools
import io
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import ExifTags, Image

from ganfx.errors import ItemError
from ganfx.files import (
    SaveOptions,
    copy_picture,
    format_for,
    is_picture,
    open_animation,
    open_animation_writer,
    open_reader,
    save_picture,
)
from tests import profiles

SCENE = np.random.default_rng(5).integers(0, 256, (16, 24, 3), np.uint8)
# Larger pictures take time and memory for good reasons.
_SMALL = {"GANFX_MAX_PIXELS": str(2**20), "GANFX_MAX_MEMORY_MIB": "300"}


def exif(orientation: int = 1, order: str = "<") -> bytes:
    """A small EXIF block with all directories that are kept."""
    block = Image.Exif()
    block.endian = order
    block[ExifTags.Base.Orientation] = orientation
    block[ExifTags.Base.Make] = "Acme"
    block[ExifTags.IFD.Exif] = {ExifTags.Base.ExifImageWidth: 24, ExifTags.Base.MakerNote: b"note" * 9}
    block[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitude: (51.0, 30.0, 12.3)}
    return block.tobytes()


def encoded(form: str, *, mode: str = "RGB", **options: object) -> bytes:
    """SCENE in a format, by another encoder than ganfx's own."""
    data = io.BytesIO()
    Image.fromarray(SCENE).convert(mode).save(data, form, **options)
    return data.getvalue()


def animated(form: str, **options: object) -> bytes:
    """An animation in a format: SCENE, three times, lighter each time, with holes."""
    frames = [Image.fromarray(SCENE // 2 + 40 * shift) for shift in range(3)]
    for frame in frames:
        frame.putalpha(Image.fromarray(np.where(SCENE[..., 0] > 99, 255, 0).astype(np.uint8)))
    data = io.BytesIO()
    frames[0].save(data, form, save_all=True, append_images=frames[1:], duration=50, **options)
    return data.getvalue()


def with_metadata(form: str, **options: object) -> Iterator[bytes]:
    """SCENE in a format: bare, with metadata, turned, and grey."""
    profile = profiles.rgb_profile(profiles.DISPLAY_P3, profiles.srgb_curve())
    yield encoded(form, **options)
    yield encoded(form, exif=exif(), icc_profile=profile, **options)
    yield encoded(form, exif=exif(6, ">"), **options)
    yield encoded(form, mode="L", **options)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="ganfx-fuzz-")


def _animation_notes(source: Path, result: Path) -> tuple[str, ...]:
    """Write all frames of an animation; the notes. Raises as `read_and_write`."""
    animation = open_animation(source)
    if animation is None:
        return ()
    with animation:
        width, height, has_alpha = animation.width, animation.height, animation.has_alpha
        like = {"width": width, "height": height, "has_alpha": has_alpha, "info": animation.first.info}
        timing, options = animation.timing_in(format_for(result)), SaveOptions()
        with open_animation_writer(result, timing=timing, options=options, overwrite=True, **like) as writer:
            for frame in animation.frames():
                writer.write(frame.picture)
                writer.end_frame()
    return writer.notes


def read_and_write(data: bytes, target: str) -> None:
    """Raises what is no error of one item, and where a note or a message is no single line."""
    folder = Path(_folder().name)
    source, result = folder / "in", folder / target
    source.write_bytes(data)
    is_picture(source)
    with warnings.catch_warnings(), mock.patch.dict(os.environ, _SMALL):
        warnings.simplefilter("error")
        try:
            with open_reader(source) as reader:
                notes = [*reader.info.notes, *save_picture(reader.rows(0, reader.height), result, overwrite=True)]
                notes += copy_picture(reader, result, overwrite=True)
            notes += _animation_notes(source, result)
            with open_reader(result) as written:
                assert (written.width, written.height) == (reader.width, reader.height)
        except ItemError as error:
            notes = [error.message]
    assert all("\n" not in note and len(note) < 300 for note in notes)
