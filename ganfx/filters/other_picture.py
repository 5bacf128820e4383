"""Another picture that an option names: its colors are what the filter goes by."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganfx.errors import GanfxError

if TYPE_CHECKING:
    from ganfx.imaging.picture import Floats

# Long side in pixels that it is reduced to.
SIDE = 384


@dataclass(frozen=True)
class OtherPicture:
    """A picture file that was read.

    path     as it was given
    digest   SHA-256 of the reduced pixels
    rgb      (h, w, 3) in [0, 1], of a long side of at most SIDE pixels
    """

    path: str
    digest: str
    rgb: Floats = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.path


def read_other_picture(value: Any) -> OtherPicture:
    """The picture file at the path `value`. Raises ValueError where there is none."""
    if isinstance(value, OtherPicture):
        return value
    if not isinstance(value, str | Path):
        raise ValueError(f"{value!r} is not the path of a picture")
    path = Path(value).expanduser()
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    return _read(str(value), path, changed)


@functools.lru_cache(maxsize=4)
def _read(given: str, path: Path, changed: int) -> OtherPicture:
    import hashlib

    import cv2
    import numpy as np

    from ganfx.files import open_picture

    try:
        rgb = np.clip(open_picture(path).rgb, 0, 1)
    except GanfxError as error:
        raise ValueError(f"{given}: {error.message}") from error
    scale = SIDE / max(rgb.shape[:2])
    if scale < 1:
        rgb = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
    small = np.ascontiguousarray(rgb)
    return OtherPicture(given, hashlib.sha256(small.tobytes()).hexdigest(), small)
