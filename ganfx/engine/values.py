"""Between pixels in [0, 1] and the values that a graph takes and gives, as its ports describe them."""

from __future__ import annotations

import numpy as np

from ganfx.engine.tiles import Floats
from ganfx.spec import Port

_UNIT = (0.0, 1.0)


def to_planes(pixels: Floats, port: Port) -> Floats:
    """`pixels` (H, W, C) in [0, 1], RGB where they are colors, as planes (C, H, W) for the input `port`."""
    if port.color_order == "BGR":
        pixels = pixels[..., ::-1]
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)
    low, high = port.value_range
    if port.value_range != _UNIT:
        planes = planes * np.float32(high - low) + np.float32(low)
    if port.mean:
        planes = planes - np.array(port.mean, np.float32)[:, None, None]
    if port.std:
        planes = planes / np.array(port.std, np.float32)[:, None, None]
    return planes


def restore(rows: Floats, port: Port) -> None:
    """Bring `rows` (H, W, C) of the output `port`, already in RGB order, to [0, 1] in place."""
    order = -1 if port.color_order == "BGR" else 1
    if port.std:
        rows *= np.array(port.std[::order], np.float32)
    if port.mean:
        rows += np.array(port.mean[::order], np.float32)
    if port.value_range != _UNIT:
        low, high = port.value_range
        rows -= low
        rows /= high - low


def value_span(port: Port) -> float:
    """The difference between white and black in the values of `port`, of the channel where it is smallest."""
    low, high = port.value_range
    return (high - low) / max(port.std, default=1.0)
