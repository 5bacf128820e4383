"""SPAN (Wan et al. 2024): convolutions that were trained in parts, and attention without weights."""

from __future__ import annotations

import numpy as np

from ganfx.foreign.checkpoints import State
from ganfx.foreign.checkpoints.tensors import Array
from ganfx.foreign.families.drawn import Drawn
from ganfx.foreign.families.layers import Layers, shuffle_factor
from ganfx.foreign.graph import INPUT

_BLOCKS = 6
# What the network subtracts from RGB in [0, 1], and its range, unless `no_norm` is among the weights.
_MEAN, _RANGE = (0.4488, 0.4371, 0.4040), 255.0


def recognizes(state: State) -> bool:
    """Whether the parts of the first convolutions are there."""
    return {"conv_1.sk.weight", "conv_1.conv.1.weight", "block_6.c3_r.sk.weight", "upsampler.0.weight"} <= state.keys()


def write(layers: Layers) -> Drawn:
    """Raises ContractError where the weights do not fit."""
    graph = layers.graph
    width, channels = layers.take("conv_1.sk.weight", 4).shape[:2]
    x = INPUT
    if not layers.has("no_norm"):
        mean = np.array(_MEAN, np.float32) if channels == len(_MEAN) else np.full(channels, np.mean(_MEAN), np.float32)
        x = layers.affine(x, np.full(channels, _RANGE), -mean * _RANGE)
    first = x = _merged(layers, x, "conv_1")
    kept = ["", ""]
    for number in range(1, _BLOCKS + 1):
        x, kept[1] = _block(layers, x, f"block_{number}")
        kept[0] = kept[0] or x
    joined = graph.add("Concat", first, _merged(layers, x, "conv_2"), *kept, axis=1)
    x = layers.convolution(layers.convolution(joined, "conv_cat"), "upsampler.0")
    factor = shuffle_factor(len(layers.take("upsampler.0.weight", 4)), channels)
    layers.ignore(("eval_conv.weight", "eval_conv.bias", "no_norm"))
    return Drawn(layers.shuffled(x, factor), channels, channels, f"SPAN, {width} channels")


def _block(layers: Layers, x: str, name: str) -> tuple[str, str]:
    """The block's result, and that of its first convolution."""
    first = layers.silu(_merged(layers, x, f"{name}.c1_r"))
    third = _merged(layers, layers.silu(_merged(layers, first, f"{name}.c2_r")), f"{name}.c3_r")
    attention = layers.add(layers.graph.add("Sigmoid", third), layers.graph.scalar(-0.5))
    return layers.multiply(layers.add(third, x), attention), first


def _merged(layers: Layers, x: str, name: str) -> str:
    """x convolved with the one 3x3 kernel that the three convolutions and the shortcut of `name` amount to."""
    (before, b1), (middle, b2), (after, b3), (shortcut, b4) = (
        _part(layers, f"{name}.{part}") for part in ("conv.0", "conv.1", "conv.2", "sk")
    )
    kernel = np.einsum("ob,bchw,ci->oihw", after[:, :, 0, 0], middle, before[:, :, 0, 0])
    kernel[:, :, 1:2, 1:2] += shortcut
    bias = after[:, :, 0, 0] @ (np.einsum("ochw,c->o", middle, b1) + b2) + b3 + b4
    return layers.graph.convolution(x, kernel.astype(np.float32), bias.astype(np.float32))


def _part(layers: Layers, name: str) -> tuple[Array, Array]:
    return layers.plain(f"{name}.weight", 4).astype(np.float64), layers.plain(f"{name}.bias", 1).astype(np.float64)
