"""How visible it is where a texture goes on around its edges."""

from __future__ import annotations

import numpy as np

from ganfx.imaging.picture import Floats

# Steps on each side of the edge that it is compared with, and what counts as none.
_BESIDE, _FLAT = 8, 1e-6


def seam(rgb: Floats, axis: int) -> float:
    """The mean step around the edges of rgb (H, W, channels) along `axis`, 0 or 1, over the mean step beside them.

    1 is an edge like any other place.
    """
    along = np.moveaxis(rgb, axis, 0)
    beside = np.abs(np.diff(np.concatenate([along[-_BESIDE - 1 :], along[: _BESIDE + 1]]), axis=0)).mean((1, 2))
    usual = np.delete(beside, _BESIDE).mean()
    return float(beside[_BESIDE] / max(float(usual), _FLAT))
