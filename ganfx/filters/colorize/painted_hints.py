"""Colors that the user painted on an empty layer: dots, strokes and regions, each for what lies under it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ganfx.filters.other_picture import OtherPicture, read_other_picture

if TYPE_CHECKING:
    from ganfx.imaging.picture import Floats

# Alpha from which a place counts as painted.
_PAINTED = 0.25
# Colors whose a* and b* are nearer than this are one, and the most that there may be.
_SAME, _MOST = 12.0, 48


def read_hints(value: Any) -> OtherPicture:
    """The painting at the path `value`. Raises ValueError where there is none, or it has no bare places."""
    painting = read_other_picture(value)
    if painting.alpha is None:
        raise ValueError(f"{painting} has no transparency: paint on an empty layer, and save that")
    count = sum(1 for _ in painted_hints(painting))
    if count > _MOST:
        raise ValueError(f"{painting} has {count} colors; {_MOST} are the most: paint, don't paste photographs")
    return painting


def painted_hints(painting: OtherPicture) -> Iterator[tuple[Floats, Floats, Floats]]:
    """(x (P,), y (P,), [a*, b*]) of each color: its P places as shares of the width and the height."""
    import numpy as np

    from ganfx.imaging.color import lab_of

    assert painting.alpha is not None
    rows, columns = np.nonzero(painting.alpha > _PAINTED)
    if not len(rows):
        return
    chroma = lab_of(painting.rgb[rows, columns][None])[0, :, 1:]
    _, group = np.unique(np.round(chroma / _SAME), axis=0, return_inverse=True)
    height, width = painting.alpha.shape
    for number in range(int(group.max()) + 1):
        own = group.ravel() == number
        x, y = (columns[own] + 0.5) / width, (rows[own] + 0.5) / height
        yield np.asarray(x, np.float32), np.asarray(y, np.float32), chroma[own].mean(0)
