"""ESRGAN (Wang et al. 2018) and Real-ESRGAN: residual-in-residual dense blocks, in each of their three namings."""

from __future__ import annotations

import re
from typing import NamedTuple

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints import State
from ganfx.foreign.families.drawn import Drawn
from ganfx.foreign.families.layers import Layers
from ganfx.foreign.graph import INPUT

_SLOPE, _SHARE = 0.2, 0.2
_BLOCKS, _CONVOLUTIONS = 3, 5
_MOST_BLOCKS = 256


class _Names(NamedTuple):
    """How the convolutions are called; `dense` takes the numbers of the block, of its part and of the convolution."""

    first: str
    dense: str
    body: str
    up: tuple[str, ...]
    high: str
    last: str


def _newer(state: State) -> _Names:
    ups = tuple(sorted(name[:-7] for name in state if re.fullmatch(r"conv_up\d\.weight", name)))
    return _Names("conv_first", "body.{}.rdb{}.conv{}", "conv_body", ups, "conv_hr", "conv_last")


def _middle(state: State) -> _Names:
    ups = tuple(sorted(name[:-7] for name in state if re.fullmatch(r"upconv\d\.weight", name)))
    return _Names("conv_first", "RRDB_trunk.{}.RDB{}.conv{}", "trunk_conv", ups, "HRconv", "conv_last")


def _older(state: State) -> _Names:
    blocks = {int(name.split(".")[3]) for name in state if name.startswith("model.1.sub.")}
    numbers = sorted(int(found[1]) for name in state if (found := re.fullmatch(r"model\.(\d+)\.weight", name)))
    body = f"model.1.sub.{max(blocks)}"
    ends = [f"model.{number}" for number in numbers[1:]]
    return _Names("model.0", "model.1.sub.{}.RDB{}.conv{}.0", body, tuple(ends[:-2]), ends[-2], ends[-1])


_NAMINGS = {
    "body.0.rdb1.conv1.weight": _newer,
    "RRDB_trunk.0.RDB1.conv1.weight": _middle,
    "model.1.sub.0.RDB1.conv1.0.weight": _older,
}


def recognizes(state: State) -> bool:
    """Whether the first dense block is there, in one of the namings."""
    return any(name in state for name in _NAMINGS)


def write(layers: Layers) -> Drawn:
    """Raises ContractError where the weights do not fit."""
    names = next(naming for name, naming in _NAMINGS.items() if layers.has(name))(layers.state)
    width, taken = layers.take(f"{names.first}.weight", 4).shape[:2]
    made = len(layers.take(f"{names.last}.weight", 4))
    smaller = {made: 1, 4 * made: 2, 16 * made: 4}.get(taken)
    if smaller is None:
        raise ContractError(f"turns {taken} channels into {made}, which no picture has")
    x = INPUT if smaller == 1 else layers.unshuffled(INPUT, made, smaller)
    first = layers.convolution(x, names.first)
    x, blocks = _body(layers, first, names)
    x = layers.add(first, layers.convolution(x, names.body))
    for name in names.up:
        x = layers.leaky(layers.convolution(layers.graph.resized(x, (2, 2), "nearest"), name), _SLOPE)
    x = layers.convolution(layers.leaky(layers.convolution(x, names.high), _SLOPE), names.last)
    return Drawn(x, made, made, f"ESRGAN, {width} channels, {blocks} blocks")


def _body(layers: Layers, x: str, names: _Names) -> tuple[str, int]:
    block = 0
    while layers.has(f"{names.dense.format(block, 1, 1)}.weight") and block < _MOST_BLOCKS:
        inner = x
        for part in range(1, _BLOCKS + 1):
            inner = _dense(layers, inner, [names.dense.format(block, part, i + 1) for i in range(_CONVOLUTIONS)])
        x = layers.add(x, layers.scaled(inner, _SHARE))
        block += 1
    return x, block


def _dense(layers: Layers, x: str, names: list[str]) -> str:
    """Each convolution sees the input and all results before it; a fifth of the last is added to the input."""
    seen = [x]
    for name in names[:-1]:
        seen.append(layers.leaky(layers.convolution(_joined(layers, seen), name), _SLOPE))
    return layers.add(x, layers.scaled(layers.convolution(_joined(layers, seen), names[-1]), _SHARE))


def _joined(layers: Layers, tensors: list[str]) -> str:
    return layers.graph.add("Concat", *tensors, axis=1) if len(tensors) > 1 else tensors[0]
