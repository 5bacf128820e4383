"""What goes into the codecs and what comes out of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# Called with (width, height, bytes of a decoded pixel); raises PictureSizeError where that is too much.
Admit = Callable[[int, int, int], None]
Space = Literal["grey", "rgb", "cmyk"]


class CodecError(Exception):
    """The file is damaged: the message says what is wrong, as a few words for the user."""


@dataclass(frozen=True)
class Decoded:
    """A picture as it is stored.

    samples       (H, W, bands): uint8, uint16 or float32; floats without an ICC profile are linear light of sRGB
    space         of the bands; one more than it has is alpha, which is straight
    metadata      icc, exif, xmp and iptc, as bytes, of those that there are
    dpi           (horizontal, vertical); None: none is stated
    orientation   EXIF's number for how the samples are turned; 1: they are upright
    notes         sentences for the user
    """

    samples: NDArray[Any]
    space: Space
    metadata: dict[str, bytes] = field(default_factory=dict)
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """What is stored beside the samples.

    grey       one band is color, else three; one more is alpha
    metadata   as `ganfx.files.metadata` has it
    quality    1 to 100, for formats that have it
    lossless   all samples are to come back as they are
    """

    grey: bool
    metadata: dict[str, Any]
    quality: int
    lossless: bool


def three_dimensional(samples: NDArray[Any]) -> NDArray[Any]:
    """(H, W) as (H, W, 1); (H, W, bands) as it is."""
    return samples[..., None] if samples.ndim == 2 else samples


def spread(samples: NDArray[Any], most: int) -> NDArray[Any]:
    """Whole numbers from 0 to `most` as uint8, where they fit, or uint16 over its full range, rounded to nearest."""
    full = 255 if most <= 255 else 65535
    dtype = np.uint8 if full == 255 else np.uint16
    if most == full:
        return samples.astype(dtype, copy=False)
    # Most of the pictures whose samples end in between have few levels.
    levels = (np.arange(most + 1, dtype=np.uint64) * full + most // 2) // most
    return np.asarray(levels.astype(dtype)[np.minimum(samples, most)])
