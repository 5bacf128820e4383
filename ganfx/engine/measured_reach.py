"""How far a network looks around a pixel: a part of a picture is exchanged, and what changes beside it is measured."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ganfx.engine.measured_sizes import Sizes, infer
from ganfx.engine.probe_picture import probe_picture
from ganfx.engine.tiles import Floats, ceil_to
from ganfx.engine.values import to_planes, value_span
from ganfx.spec import Port

# Of the picture: columns that stay, and all of them; rows.
_KEPT, _WIDTH, _HEIGHT = 112, 144, 48
# Changes of so small a share of the range are none; further away than `_KEPT`, larger ones are everywhere.
_NEGLIGIBLE, _SLIGHT = 0.003, 0.02
# Beyond this distance a change means that the network sees the whole picture.
_FAR = 96


class Reach(NamedTuple):
    """What was found."""

    pixels: int
    """Input pixels on each side that an output pixel depends on noticeably; 0 where it sees the whole picture."""
    everywhere: bool
    """Whether a pixel depends noticeably on the whole picture."""
    share: float
    """The change, as a share of the range, far away from what was exchanged."""


def measured_reach(session: Any, given: Port, made: Port, sizes: Sizes, side: int | None) -> Reach:
    """Measured on one picture; of a fixed size where the graph has one."""
    multiple = sizes.multiple
    width = side or ceil_to(max(_WIDTH, sizes.least), multiple)
    height = side or ceil_to(max(_HEIGHT, sizes.least), multiple)
    kept = _KEPT if _WIDTH <= width <= 2 * _WIDTH else width * 3 // 4
    picture = probe_picture(height, width, given.channels)
    other = picture.copy()
    other[:, kept:] = 1 - other[:, kept:] ** 2
    outputs = [infer(session, to_planes(one, given)[None])[0] for one in (picture, other)]
    change = _by_distance(outputs[0] - outputs[1], kept, sizes.scale) / value_span(made)
    far = change[min(_FAR, len(change) - 1) :]
    pixels = int(np.flatnonzero(change > _NEGLIGIBLE)[-1]) + 1 if (change > _NEGLIGIBLE).any() else 0
    share = float(far.max())
    everywhere = share > (_SLIGHT if sizes.scale > 1 else _NEGLIGIBLE)
    if not everywhere and share > _NEGLIGIBLE:
        pixels = int(np.flatnonzero(change > _SLIGHT)[-1]) + 1
    return Reach(0 if everywhere else pixels, everywhere, share)


def _by_distance(difference: Floats, kept: int, scale: int) -> Floats:
    """The root mean square of `difference` (C, H, W), by the distance in input pixels from the exchanged columns."""
    columns = np.square(difference[:, :, : kept * scale].astype(np.float64)).mean((0, 1))
    columns = np.sqrt(columns.reshape(kept, scale).mean(1))
    return np.asarray(columns[::-1], np.float32)
