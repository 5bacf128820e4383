"""Which files are animations, and single frames of them as pictures."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pyvips

from ganfx.errors import UnreadableError
from ganfx.files.animations import avif_frames, png_frames
from ganfx.files.animations.avif_frames import AvifFrames
from ganfx.files.animations.frames import METADATA, Frames, upright
from ganfx.files.animations.gif_blocks import count_frames
from ganfx.files.animations.png_frames import PngFrames
from ganfx.files.animations.strip_frames import StripFrames
from ganfx.files.directories import FileBlock
from ganfx.files.formats import Format
from ganfx.files.regular import open_regular
from ganfx.files.vips import reading


def frames_of(path: Path, form: Format) -> Frames | None:
    """The frames of the file at `path`, which is of this format; None where it has one picture.

    Raises UnreadableError or PictureSizeError where they are damaged, or too many.
    """
    with reading():
        if form.name == "GIF" and _count_in_gif(path) < 2:
            return None
        if form.name in ("GIF", "WebP"):
            frames = StripFrames(path, form)
            return frames if len(frames.timing.durations) > 1 else None
        if form.name == "PNG" and png_frames.count_frames(path) > 1:
            return PngFrames(path)
        if form.name == "AVIF" and avif_frames.is_sequence(path):
            return AvifFrames(path)
    return None


def _count_in_gif(path: Path) -> int:
    with open_regular(path) as file:
        return count_frames(FileBlock(file))


def open_frame(frames: Frames, number: int) -> pyvips.Image:
    """The frame `number`, counted from 1, as an upright image with the file's metadata. Raises UnreadableError."""
    count = len(frames.timing.durations)
    if number > count:
        raise UnreadableError(f"there is no frame {number}: it has {count}", hint=f"--frame 1 to --frame {count}")
    with reading():
        samples = next(islice(frames.samples(), number - 1, None))
        image = pyvips.Image.new_from_array(upright(samples, orientation_of(frames.header)))
        image = image.copy(interpretation=frames.interpretation, xres=frames.header.xres, yres=frames.header.yres)
        for name in METADATA:
            if frames.header.get_typeof(name):
                image.set_type(pyvips.GValue.blob_type, name, frames.header.get(name))
    return image


def orientation_of(header: pyvips.Image) -> int:
    """The orientation, 1..8, that EXIF says."""
    return int(header.get("orientation")) if header.get_typeof("orientation") else 1
