"""What decodes the frames of an animation, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pyvips
from numpy.typing import NDArray

from ganfx.files.animations.timing import Timing


class Frames(Protocol):
    """The frames of one file, composed: each is the whole picture that is seen.

    width, height    of all frames, as stored
    timing           when each is shown
    interpretation   the name of the samples' color space in libvips
    header           the metadata, see `header_of`
    """

    width: int
    height: int
    timing: Timing
    interpretation: str
    header: pyvips.Image

    def samples(self) -> Iterator[NDArray[Any]]:
        """The stored samples (height, width, bands) of each frame. Raises UnreadableError or pyvips.Error."""


METADATA = ("icc-profile-data", "exif-data", "xmp-data")


def header_of(image: pyvips.Image) -> pyvips.Image:
    """A pixel with the metadata of `image`, which does not keep the file open."""
    header = pyvips.Image.black(1, 1).copy(xres=image.xres, yres=image.yres)
    for name in METADATA:
        if image.get_typeof(name):
            header.set_type(pyvips.GValue.blob_type, name, image.get(name))
    if image.get_typeof("orientation"):
        header.set_type(pyvips.GValue.gint_type, "orientation", image.get("orientation"))
    return header


def upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Samples (H, W, bands) turned and mirrored as the EXIF `orientation`, 1..8, says."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(samples[rows, columns])
