"""On which positions a picture may be cut for a network: it is shown a picture and the same one a little further on.

Networks that work in windows, or on smaller copies of the picture, do the same only where they begin at multiples of
these; they may take any size all the same, since they fill it up by themselves.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ganfx.engine.measured_sizes import Sizes, infer
from ganfx.engine.probe_picture import probe_picture
from ganfx.engine.tiles import ceil_to
from ganfx.engine.values import to_planes, value_span
from ganfx.spec import Port

# Rows and columns of the picture, and columns at its sides in which its edges show.
_HEIGHT, _WIDTH, _MARGIN = 48, 176, 64
_STEPS = (1, 2, 4, 7, 8, 12, 16, 24, 32)
# A deviation of this share of the range is rounding. One of that share of what it is without alignment shows where
# networks begin anew.
_SAME, _MUCH = 1e-6, 0.25


def measured_alignment(session: Any, given: Port, made: Port, sizes: Sizes) -> int:
    """The multiple of which heights, widths and positions of tiles have to be: `sizes.multiple`, or one of that."""
    steps = [step for step in dict.fromkeys(math.lcm(sizes.multiple, step) for step in _STEPS) if step <= _STEPS[-1]]
    if len(steps) < 2:
        return sizes.multiple
    height, width = (ceil_to(max(side, sizes.least), sizes.multiple) for side in (_HEIGHT, _WIDTH))
    planes = to_planes(probe_picture(height, width + steps[-1], given.channels), given)
    first = infer(session, planes[None, :, :, :width])[0]

    def error(step: int) -> float:
        further = infer(session, np.ascontiguousarray(planes[None, :, :, step : step + width]))[0]
        begin, end, off = _MARGIN * sizes.scale, (width - _MARGIN) * sizes.scale, step * sizes.scale
        difference = first[:, :, begin + off : end] - further[:, :, begin : end - off]
        return float(np.sqrt(np.square(difference.astype(np.float64)).mean())) / value_span(made)

    unaligned = error(steps[0])
    if unaligned < _SAME:
        return steps[0]
    return next((step for step in steps[1:] if error(step) < _MUCH * unaligned), steps[0])
