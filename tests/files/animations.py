"""Animations for the tests, made by Pillow."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganfx.files import SaveOptions, format_for, open_animation, open_animation_writer
from ganfx.files.animations.png_frames import CONTROL, FrameControl
from ganfx.files.chunks import PNG_SIGNATURE, png_chunk, png_chunks

WIDTH, HEIGHT = 60, 44
MILLISECONDS = [120, 40, 250, 80, 1000]
Samples = NDArray[np.uint8]


def moving(count: int = len(MILLISECONDS), *, alpha: bool = False) -> list[Image.Image]:
    """A square that moves over stripes or, with `alpha`, over nothing."""
    frames = []
    for index in range(count):
        samples = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        if not alpha:
            samples[..., 0], samples[..., 3] = np.arange(WIDTH) // 4 * 16, 255
        samples[10:30, 4 + 7 * index : 20 + 7 * index] = (20 * index, 200, 90, 255)
        frames.append(Image.fromarray(samples).convert("RGBA" if alpha else "RGB"))
    return frames


def save(path: Path, frames: list[Image.Image], **options: Any) -> Path:
    """`frames` as an animation at `path`, shown for MILLISECONDS."""
    options = {"duration": MILLISECONDS[: len(frames)], "loop": 0, "lossless": True} | options
    if path.suffix != ".webp":
        del options["lossless"]
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


def save_whole(path: Path, frames: list[Image.Image], dispose: int = 0, blend: int = 0) -> Path:
    """An APNG whose frames are stored whole, each as a picture of its own."""
    out, sequence = io.BytesIO(), 0
    for index, frame in enumerate(frames):
        data = io.BytesIO()
        frame.save(data, "PNG")
        body = data.getvalue()
        chunks = {chunk.name: body[chunk.start : chunk.end] for chunk in png_chunks(body)}
        if index == 0:
            counts = len(frames).to_bytes(4, "big") + bytes(4)
            out.write(PNG_SIGNATURE + png_chunk(b"IHDR", chunks[b"IHDR"]) + png_chunk(b"acTL", counts))
            # Frames with a palette share the first one's.
            out.write(png_chunk(b"PLTE", chunks[b"PLTE"]) if b"PLTE" in chunks else b"")
        control = FrameControl(sequence, *frame.size, 0, 0, 1, 10, dispose, blend)
        out.write(png_chunk(b"fcTL", CONTROL.pack(*control)))
        sequence += 1
        if index == 0:
            out.write(png_chunk(b"IDAT", chunks[b"IDAT"]))
        else:
            out.write(png_chunk(b"fdAT", sequence.to_bytes(4, "big") + chunks[b"IDAT"]))
            sequence += 1
    out.write(png_chunk(b"IEND", b""))
    path.write_bytes(out.getvalue())
    return path


def seen(path: Path) -> list[Samples]:
    """The frames (H, W, 4) as Pillow shows them; what is transparent is black."""
    found = []
    with Image.open(path) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            samples = np.asarray(image.convert("RGBA")).copy()
            samples[samples[..., 3] == 0] = 0
            found.append(samples)
    return found


def read(path: Path) -> list[Samples]:
    """The frames (H, W, 4) as ganfx reads them; what is transparent is black."""
    found = []
    animation = open_animation(path)
    assert animation
    with animation:
        for frame in animation.frames():
            rgb, alpha = frame.picture.rgb, frame.picture.alpha
            opaque = np.ones(rgb.shape[:2], np.float32) if alpha is None else alpha
            samples = np.rint(np.dstack([rgb, opaque]) * 255).astype(np.uint8)
            samples[samples[..., 3] == 0] = 0
            found.append(samples)
    return found


def timing(path: Path) -> tuple[list[int], int]:
    """The milliseconds of each frame, and how often it is played, as ganfx reads them."""
    animation = open_animation(path)
    assert animation
    with animation:
        return [round(length * 1000) for length in animation.timing.durations], animation.timing.plays


def copy(source: Path, target: Path, **options: Any) -> tuple[str, ...]:
    """The animation at `source` read, and written to `target`; the notes."""
    animation = open_animation(source)
    assert animation
    with (
        animation,
        open_animation_writer(
            target,
            width=animation.width,
            height=animation.height,
            has_alpha=animation.has_alpha,
            info=animation.first.info,
            timing=animation.timing_in(format_for(target)),
            options=SaveOptions(**options),
        ) as writer,
    ):
        for frame in animation.frames():
            if frame.is_repeat:
                writer.repeat()
            else:
                writer.write(frame.picture)
                writer.end_frame()
    return writer.notes


def encoded(suffix: str, **options: Any) -> bytes:
    """A small animation as bytes."""
    data = io.BytesIO()
    first, *others = moving(3, alpha=True)
    form = {"png": "PNG", "webp": "WEBP", "gif": "GIF", "avif": "AVIF"}[suffix]
    first.save(data, form, save_all=True, append_images=others, duration=[50, 60, 70], **options)
    return data.getvalue()


def seconds(*milliseconds: int) -> tuple[Fraction, ...]:
    """Durations of milliseconds."""
    return tuple(Fraction(one, 1000) for one in milliseconds)
