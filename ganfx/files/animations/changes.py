"""What changes from one frame to the next, so that only that is stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Box


def box_around(changed: NDArray[np.bool_], step: int = 1) -> Box:
    """The smallest box around the True pixels of (H, W), from a multiple of `step` on; one pixel where there are none.

    The box of a frame may not be empty in any format.
    """
    rows, columns = (np.flatnonzero(changed.any(axis)) for axis in (1, 0))
    if not rows.size:
        return Box(0, 0, 1, 1)
    left, top = int(columns[0]) // step * step, int(rows[0]) // step * step
    return Box(left, top, int(columns[-1]) + 1, int(rows[-1]) + 1)


def changed_pixels(samples: NDArray[Any], before: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two frames (H, W, bands) differ: (H, W)."""
    return np.asarray((samples != before).any(axis=2))
