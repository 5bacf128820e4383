"""Healing: scratches, cracks and dust on scanned prints, found and filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganfx.filters import inpaint
from ganfx.filters.base import Filter, Finder, Option, Retouch, Values

if TYPE_CHECKING:
    from ganfx.imaging.picture import Floats, Mask

# How likely damage must be where it begins, and where it only goes on, at the middle sensitivity.
CERTAIN, POSSIBLE = 0.6, 0.3


def found(likely: Floats, options: Values) -> Mask:
    """The damage: what is possible and hangs together with something certain (hysteresis; Canny 1986)."""
    import cv2
    import numpy as np

    # 0.5 leaves the thresholds as they are, 0 and 1 send them towards one and zero.
    power = 4.0 ** (1 - 2 * options["sensitivity"])
    certain, possible = (1 - (1 - limit) ** power for limit in (CERTAIN, POSSIBLE))
    _, labels = cv2.connectedComponents((likely > possible).astype(np.uint8), connectivity=8)
    kept = np.zeros(labels.max() + 1, np.float32)
    kept[labels[likely > certain]] = 1
    kept[0] = 0
    return np.asarray(kept[labels], np.float32)


FILTER = Filter(
    name="heal",
    help="Find and fill scratches on scanned photos.",
    retouch=Retouch(mask=inpaint.ready, regions=inpaint.regions, fill=inpaint.fill),
    finder=Finder(models="scratches", mask=found),
    options=(
        Option("sensitivity", float, 0.5, "How readily something is taken for damage.", bounds=(0, 1)),
        Option("grow", int, 2, "Fill so many pixels around what was found too.", bounds=(0, 500)),
        Option("feather", int, 0, "Blend over so many pixels inside the edge of what is filled.", bounds=(0, 500)),
    ),
    models="inpaint",
    suffix="healed",
    example="ganfx heal scans/*.png",
)
