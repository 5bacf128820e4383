"""A picture as a background: as much of its middle as covers another one."""

from __future__ import annotations

import functools
import math
from pathlib import Path

from ganfx.filters.base import Size
from ganfx.filters.other_picture import OtherPicture, reduced
from ganfx.imaging.picture import Floats

# Long side in pixels that it has at most; what is larger is enlarged from it.
_SIDE = 4096


def covering(other: OtherPicture, size: Size) -> Floats:
    """The middle of the picture (h, w, 3) in the proportions of `size`, and no larger than that.

    It is white where the picture is transparent. Raises UnreadableError and its kin where the file has gone.
    """
    path = Path(other.path).expanduser()
    return _covering(path, other.digest, size)


@functools.lru_cache(maxsize=1)
def _covering(path: Path, digest: str, size: Size) -> Floats:
    from ganfx.files import open_reader

    with open_reader(path) as reader:
        width, height = reader.width, reader.height
    share = max(size[0] / width, size[1] / height)
    rgb, alpha = reduced(path, min(_SIDE, math.ceil(share * max(width, height))))
    whole = rgb if alpha is None else rgb * alpha[..., None] + (1 - alpha[..., None])
    height, width = whole.shape[:2]
    wide = min(width, max(1, round(height * size[0] / size[1])))
    high = min(height, max(1, round(width * size[1] / size[0])))
    left, top = (width - wide) // 2, (height - high) // 2
    return whole[top : top + high, left : left + wide]
