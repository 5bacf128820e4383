"""Frames of AVIF sequences, which Pillow decodes, with 8 bits a sample: libvips opens their still pictures alone."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyvips
from numpy.typing import NDArray
from PIL import ExifTags

from ganfx.files.animations.pillow_frames import decoded, loaded, open_image
from ganfx.files.animations.timing import Timing
from ganfx.files.budget import check_frames
from ganfx.files.regular import open_regular

_FIELDS = {"icc_profile": "icc-profile-data", "exif": "exif-data", "xmp": "xmp-data"}
_NAME = "AVIF"
_ORIENTATION = ExifTags.Base.Orientation


def is_sequence(path: Path) -> bool:
    """Whether the file at `path` begins like an AVIF sequence."""
    with open_regular(path) as file:
        return file.read(12)[4:] == b"ftypavis"


class AvifFrames:
    """`Frames` of an AVIF sequence. The constructor raises UnreadableError where it is damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with open_regular(path) as file, open_image(file, _NAME) as image:
            self.width, self.height = image.size
            check_frames(self.width, self.height, image.n_frames)
            self._bands = len(image.getbands())
            self.interpretation = "b-w" if self._bands == 1 else "srgb"
            self.header = self._header(image)
            # Pillow knows a frame's time once it has decoded it.
            durations = tuple(Fraction(loaded(image, index).info["duration"], 1000) for index in range(image.n_frames))
        self.timing = Timing(durations, 0)

    def _header(self, image: Any) -> pyvips.Image:
        header = pyvips.Image.black(1, 1).copy()
        for key, name in _FIELDS.items():
            if image.info.get(key):
                header.set_type(pyvips.GValue.blob_type, name, image.info[key])
        header.set_type(pyvips.GValue.gint_type, "orientation", image.getexif().get(_ORIENTATION, 1))
        return header

    def samples(self) -> Iterator[NDArray[Any]]:
        """The frames (height, width, bands), each decoded when it is asked for."""
        with open_regular(self._path) as file:
            yield from decoded(file, _NAME, self._bands)
