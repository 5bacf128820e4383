"""TGA (Truevision, 1991), written by Pillow; `bitmap` reads it."""

from __future__ import annotations

import io
from typing import Any

from numpy.typing import NDArray
from PIL import Image

from ganfx.files.codecs.parts import Parts

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def encode(samples: NDArray[Any], parts: Parts) -> bytes:
    """A TGA of 8 bits a sample, packed by run lengths."""
    bands = samples.shape[2]
    image = Image.fromarray(samples[..., 0] if bands == 1 else samples)
    assert image.mode == _MODES[bands]
    file = io.BytesIO()
    image.save(file, "TGA", compression="tga_rle")
    return file.getvalue()
