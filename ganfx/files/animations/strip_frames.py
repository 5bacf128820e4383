"""Frames of GIF and WebP files, which libvips sees as one strip, from the first frame down."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from ganfx.files.animations.frames import header_of
from ganfx.files.animations.pillow_frames import decoded
from ganfx.files.animations.timing import Timing
from ganfx.files.budget import check_frames
from ganfx.files.formats import Format
from ganfx.files.regular import open_regular
from ganfx.files.vips import opened

_ALL = -1


class StripFrames:
    """`Frames` of a GIF or WebP file. The constructor raises as `ganfx.files.vips.opened` does."""

    def __init__(self, path: Path, form: Format) -> None:
        self._path, self._form = path, form
        strip, self.header = self._open(_ALL), header_of(self._open(1))
        count = int(strip.get("n-pages")) if strip.get_typeof("n-pages") else 1
        self.width, self.height = int(strip.width), int(strip.height) // count
        check_frames(self.width, self.height, count)
        self.interpretation, self._bands = str(strip.interpretation), int(strip.bands)
        delays = list(strip.get("delay")) if strip.get_typeof("delay") else []
        durations = [Fraction(max(int(delay), 0), 1000) for delay in delays[:count]]
        plays = int(strip.get("loop")) if strip.get_typeof("loop") else 0
        self.timing = Timing((*durations, *[Fraction(1, 10)] * (count - len(durations))), max(plays, 0))

    def _open(self, count: int) -> pyvips.Image:
        with opened(self._path) as source:
            loader = f"{self._form.loader}_source"
            image: pyvips.Image = pyvips.Operation.call(loader, source, n=count, access="sequential", fail_on="error")
        return image

    def samples(self) -> Iterator[NDArray[Any]]:
        """The frames (height, width, bands), each decoded when it is asked for."""
        return self._webp_samples() if self._form.name == "WebP" else self._gif_samples()

    def _webp_samples(self) -> Iterator[NDArray[Any]]:
        # libvips would keep all frames in memory.
        with open_regular(self._path) as file:
            yield from decoded(file, "WEBP", self._bands)

    def _gif_samples(self) -> Iterator[NDArray[Any]]:
        strip = self._open(_ALL)
        region = pyvips.Region.new(strip)
        for top in range(0, strip.height, self.height):
            data = region.fetch(0, top, self.width, self.height)
            yield np.frombuffer(data, np.uint8).reshape(self.height, self.width, strip.bands)
