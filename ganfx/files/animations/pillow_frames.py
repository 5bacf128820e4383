"""Frames that Pillow decodes one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ganfx.errors import UnreadableError

_ERRORS = (EOFError, RuntimeError, SyntaxError, ValueError, OSError)
_HINT = "it may be damaged or cut off: copy or download it again"


def open_image(file: IO[bytes], name: str) -> Any:
    """The image of Pillow's in an open file of the format that Pillow calls so. Raises UnreadableError."""
    try:
        return Image.open(file, formats=[name])
    except (UnidentifiedImageError, Image.DecompressionBombError, *_ERRORS) as error:
        raise UnreadableError("the file cannot be decoded", hint=_HINT) from error


def loaded(image: Any, index: int) -> Any:
    """`image` with the frame of this number decoded. Raises UnreadableError."""
    try:
        image.seek(index)
        image.load()
    except _ERRORS as error:
        raise UnreadableError("the frame cannot be decoded", hint=_HINT) from error
    return image


def decoded(file: IO[bytes], name: str, bands: int) -> Iterator[NDArray[Any]]:
    """The frames (H, W, bands) in an open file, each decoded when it is asked for. Raises UnreadableError."""
    with open_image(file, name) as image:
        for index in range(image.n_frames):
            frame = loaded(image, index).convert({1: "L", 3: "RGB", 4: "RGBA"}[bands])
            yield np.asarray(frame).reshape(frame.height, frame.width, bands)
