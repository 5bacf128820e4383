"""Another picture that an option names, for a filter to go by."""

from __future__ import annotations

import functools
import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganfx.errors import GanfxError

if TYPE_CHECKING:
    from ganfx.imaging.picture import Floats

# Long side in pixels that it is reduced to.
SIDE = 384
# Alpha that counts as opaque.
_OPAQUE = 0.999


@dataclass(frozen=True)
class OtherPicture:
    """A picture file that was read.

    path     as it was given
    digest   SHA-256 of the reduced pixels
    rgb      (h, w, 3) in [0, 1], of a long side of at most SIDE pixels
    alpha    (h, w) in [0, 1], 1 = opaque; None: opaque throughout
    """

    path: str
    digest: str
    rgb: Floats = field(repr=False, compare=False)
    alpha: Floats | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return self.path


def read_other_picture(value: Any) -> OtherPicture:
    """The picture file at the path `value`. Raises ValueError where there is none."""
    if isinstance(value, OtherPicture):
        return value
    if not isinstance(value, str | Path):
        raise ValueError(f"{value!r} is not the path of a picture")
    path = Path(value).expanduser()
    # False for names that no system takes, unlike Path.is_file.
    changed = path.stat().st_mtime_ns if os.path.isfile(path) else 0
    return _read(str(value), path, changed)


@functools.lru_cache(maxsize=4)
def _read(given: str, path: Path, changed: int) -> OtherPicture:
    import hashlib

    try:
        rgb, alpha = reduced(path)
    except GanfxError as error:
        raise ValueError(f"{given}: {error.message}") from error
    pixels = rgb.tobytes() + (b"" if alpha is None else alpha.tobytes())
    return OtherPicture(given, hashlib.sha256(pixels).hexdigest(), rgb, alpha)


def reduced(path: Path, side: int = SIDE) -> tuple[Floats, Floats | None]:
    """The picture (h, w, 3) in [0, 1], of a long side of at most `side` pixels, and its alpha (h, w), None for opaque.

    A part is decoded at a time. Colors count by their alpha. Raises UnreadableError and its kin.
    """
    import cv2
    import numpy as np

    from ganfx.files import open_reader

    with open_reader(path) as reader:
        width, height = reader.width, reader.height
        scale = min(1.0, side / max(width, height))
        wide, high = (max(1, round(scale * length)) for length in (width, height))
        bounds = [round(height * row / high) for row in range(high + 1)]
        rows = []
        for top, bottom in itertools.pairwise(bounds):
            part = reader.rows(top, bottom)
            alpha = np.ones(part.rgb.shape[:2], np.float32) if part.alpha is None else part.alpha
            premultiplied = np.dstack([np.clip(part.rgb, 0, 1) * alpha[..., None], alpha])
            rows.append(cv2.resize(premultiplied, (wide, 1), interpolation=cv2.INTER_AREA))
    small = np.concatenate(rows, dtype=np.float32)
    alpha = small[..., 3]
    if alpha.min() > _OPAQUE:
        return np.ascontiguousarray(small[..., :3]), None
    return np.asarray(small[..., :3] / np.maximum(alpha, 1e-6)[..., None], np.float32), alpha
