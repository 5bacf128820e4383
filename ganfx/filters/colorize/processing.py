"""Colorization on arrays: chroma from the network and the hints, laid over the picture's own lightness."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from ganfx.errors import PictureSizeError
from ganfx.filters.base import SEED, Infer, Size, Values
from ganfx.filters.colorize.hint import Hint
from ganfx.filters.colorize.painted_hints import painted_hints
from ganfx.filters.colorize.temperament import Temperament
from ganfx.imaging.color import grey_from, lab_of, lightness_of, with_chroma
from ganfx.imaging.color_transfer import matched_chroma
from ganfx.imaging.guided_filter import ChromaHint, guided, hinted
from ganfx.imaging.picture import Floats, Picture
from ganfx.spec import ModelSpec

# Long side in pixels of the network's input: the size at which it was trained to recognize things.
NETWORK_SIDE = 384
# Windows of the guided filter along the overview's long side.
WINDOWS = 64
# Mean chroma (a*, b*) above which a picture counts as colored or toned.
TONED = 2.0


def study(small: Picture, size: Size, options: Values, spec: ModelSpec, infer: Infer) -> Callable[..., Picture]:
    """Predict the chroma of the whole picture from its overview; returns what colors any of its rows with it.

    Raises PictureSizeError where a hint is outside the picture, or painted ones are of another shape.
    """
    lightness = _lightness(small.rgb)
    temperament = Temperament.of(options[SEED])
    network_input = _network_input(lightness, spec, temperament.size)
    chroma = temperament.changed(predict_chroma(network_input, spec, infer))
    if options["reference"] is not None:
        chroma = _taken(options["reference"].rgb, network_input, chroma, spec, infer)
    chroma = chroma * options["strength"]
    chroma = hinted(chroma, network_input, [*_hints(options, size)])
    fine = cv2.resize(chroma, (small.width, small.height), interpolation=cv2.INTER_LINEAR)
    colors = guided(np.asarray(fine, np.float32), lightness, max(1, max(lightness.shape) // (2 * WINDOWS)))
    notes = ("its own colors, or its tone, were replaced",) if _is_toned(small) else ()

    def colored(rows: Picture, top: int) -> Picture:
        rgb = with_chroma(rows.rgb, colors.rows(_lightness(rows.rgb), top, size[1]))
        info = dataclasses.replace(rows.info, grey=False, notes=(*rows.info.notes, *notes))
        return dataclasses.replace(rows, rgb=rgb, info=info)

    return colored


def predict_chroma(lightness: Floats, spec: ModelSpec, infer: Infer) -> Floats:
    """a* and b* (h, w, 2) by the network, for lightness (h, w): L* / 100.

    A network with one input channel gets the lightness, any other one a grey picture. One with two output channels
    gives a* and b* as (value + 128) / 255, any other one a colored picture.
    """
    given = lightness[..., None] if spec.in_channels == 1 else grey_from(lightness * 100)
    output = infer(np.ascontiguousarray(given))
    if spec.out_channels == 2:
        return output * 255 - 128
    return lab_of(np.clip(output, 0, 1))[..., 1:]


def _taken(other: Floats, lightness: Floats, guess: Floats, spec: ModelSpec, infer: Infer) -> Floats:
    """a* and b* (h, w, 2) for lightness (h, w), whose colors the network guesses, from the colored picture `other`."""
    other_input = _network_input(_lightness(other), spec)
    other_guess = predict_chroma(other_input, spec, infer)
    size = other.shape[1], other.shape[0]
    return matched_chroma(lightness, guess, lab_of(other), np.asarray(cv2.resize(other_guess, size), np.float32))


def _network_input(lightness: Floats, spec: ModelSpec, size: float = 1.0) -> Floats:
    """Lightness (H, W) at `size` times the usual size, or the only one that the network takes."""
    return (
        _resized(lightness, round(size * NETWORK_SIDE))
        if spec.fixed_size is None
        else _squared(lightness, spec.fixed_size)
    )


def _lightness(rgb: Floats) -> Floats:
    """L* / 100 of (H, W, 3): (H, W)."""
    return lightness_of(rgb) * np.float32(0.01)


def _resized(plane: Floats, side: int) -> Floats:
    """plane (h, w) resized to a long side of `side` pixels."""
    height, width = plane.shape
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=how), np.float32)


def _squared(plane: Floats, side: int) -> Floats:
    """plane (h, w) stretched to a square: networks of a fixed size were trained on such pictures."""
    how = cv2.INTER_AREA if max(plane.shape) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (side, side), interpolation=how), np.float32)


def _hints(options: Values, size: Size) -> Iterator[ChromaHint]:
    """Those given by number, and those that were painted. Raises PictureSizeError."""
    for hint in options["hint"]:
        yield _relative(hint, size)
    painting = options["hints"]
    if painting is None:
        return
    height, width = painting.rgb.shape[:2]
    # Sides were rounded to whole pixels.
    if abs(width * size[1] - height * size[0]) > max(size):
        raise PictureSizeError(
            f"{painting} has another shape than the picture", hint="paint on a layer of the picture's size"
        )
    yield from painted_hints(painting)


def _relative(hint: Hint, size: Size) -> ChromaHint:
    """The hint's position as shares of the width and the height, and its a* and b*. Raises PictureSizeError."""
    width, height = size
    if hint.x >= width or hint.y >= height:
        raise PictureSizeError(
            f"the hint at {hint.x},{hint.y} is outside the picture",
            hint=f"it is {width}x{height}; counting begins at 0",
        )
    color = lab_of(np.divide(hint.rgb, 255, dtype=np.float32)[None, None])[0, 0, 1:]
    return (hint.x + 0.5) / width, (hint.y + 0.5) / height, color


def _is_toned(picture: Picture) -> bool:
    return bool(np.linalg.norm(lab_of(picture.rgb)[..., 1:], axis=-1).mean() > TONED)
