"""SRGAN (Ledig et al. 2017) as the widespread PyTorch version of it names its weights."""

from __future__ import annotations

from ganfx.foreign.checkpoints import State
from ganfx.foreign.families.drawn import Drawn
from ganfx.foreign.families.layers import Layers
from ganfx.foreign.graph import INPUT


def recognizes(state: State) -> bool:
    """Whether the first two blocks are there."""
    return {"block1.0.weight", "block2.bn1.running_mean", "block3.conv1.weight"} <= state.keys()


def write(layers: Layers) -> Drawn:
    """Raises ContractError where the weights do not fit."""
    channels = layers.take("block1.0.weight", 4).shape[1]
    first = x = layers.prelu(layers.convolution(INPUT, "block1.0"), "block1.1")
    number = 2
    while layers.has(f"block{number}.bn1.weight"):
        x = _block(layers, x, f"block{number}")
        number += 1
    joint, end, ups = f"block{number}", f"block{number + 1}", 0
    x = layers.convolution(x, f"{joint}.0")
    x = layers.add(first, layers.prelu(x, f"{joint}.1") if layers.has(f"{joint}.1.weight") else x)
    while layers.has(f"{end}.{ups}.conv.weight"):
        x = layers.shuffled(layers.convolution(x, f"{end}.{ups}.conv"), 2)
        x = layers.prelu(x, f"{end}.{ups}.prelu")
        ups += 1
    x = layers.graph.add("Tanh", layers.convolution(x, f"{end}.{ups}"))
    x = layers.scaled(layers.add(x, layers.graph.scalar(1)), 0.5)
    return Drawn(x, channels, channels, f"SRGAN, {number - 2} residual blocks")


def _block(layers: Layers, x: str, name: str) -> str:
    inner = layers.batch_norm(layers.convolution(x, f"{name}.conv1"), f"{name}.bn1")
    inner = layers.convolution(layers.prelu(inner, f"{name}.prelu"), f"{name}.conv2")
    return layers.add(x, layers.batch_norm(inner, f"{name}.bn2"))
