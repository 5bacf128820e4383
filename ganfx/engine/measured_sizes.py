"""Which sizes a graph takes, and how much larger its output is: found by running it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ganfx.engine.findings import Said
from ganfx.engine.graph_tensors import FLOATS
from ganfx.engine.ort_errors import is_out_of_memory
from ganfx.engine.tiles import Floats, ceil_to
from ganfx.errors import ContractError

_MULTIPLES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 128)
_LEAST_SIDES = (16, 32, 64, 128, 256)
_MOST_SCALE = 64


class Sizes(NamedTuple):
    """What was found."""

    multiple: int
    """Height and width must be multiples of it."""
    least: int
    """The least height and width."""
    scale: int
    channels: int
    """Channels of the output."""


def measured_sizes(session: Any, channels: int, side: int | None, said: Said = Said()) -> Sizes:  # noqa: B008
    """From the first odd multiple that the network takes and enlarges evenly. Raises ContractError."""
    if side:
        _, made, tall, wide = output_shape(session, channels, side, side)
        return Sizes(1, side, _scale(side, side, tall, wide), made)
    failure: Exception | None = None
    for multiple in [said.multiple] if said.multiple else _MULTIPLES:
        height = ceil_to(max(32, said.least or 1), multiple) + multiple
        width = height + 2 * multiple
        try:
            _, made, tall, wide = output_shape(session, channels, height, width)
            scale = _scale(height, width, tall, wide)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            failure = error
            continue
        return Sizes(multiple, max(said.least or 1, _least(session, channels, multiple)), scale, made)
    if isinstance(failure, ContractError):
        raise failure
    raise ContractError("the model's output is not a whole multiple of its input in size") from failure


def _scale(height: int, width: int, tall: int, wide: int) -> int:
    scale = tall // height
    if tall % height or scale * width != wide or not 1 <= scale <= _MOST_SCALE:
        raise ContractError(
            f"the model's output is not a whole multiple of its input in size: {wide}x{tall} of {width}x{height}"
        )
    return scale


def _least(session: Any, channels: int, multiple: int) -> int:
    """The least side of some that the network takes."""
    for side in _LEAST_SIDES:
        side = ceil_to(side, multiple)
        try:
            output_shape(session, channels, side, side)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            continue
        return side
    raise ContractError(f"the model takes no square of {_LEAST_SIDES[0]} to {_LEAST_SIDES[-1]} pixels")


def output_shape(session: Any, channels: int, height: int, width: int) -> tuple[int, ...]:
    """(N, C, H, W) of the output for a picture of this size."""
    declared = session.get_outputs()[0].shape
    if session.get_inputs()[0].shape[2:] == [height, width] and all(isinstance(n, int) for n in declared[1:]):
        return (1, *declared[1:])
    return infer(session, np.full((1, channels, height, width), 0.5, np.float32)).shape


def infer(session: Any, batch: Floats) -> Floats:
    """The first output of the graph for `batch`, as float32."""
    given = session.get_inputs()[0]
    (output,) = session.run([session.get_outputs()[0].name], {given.name: batch.astype(FLOATS[given.type])})
    return np.asarray(output, np.float32)
