"""Swift-SRGAN (Krishnan and Krishnan 2021): SRGAN with separable convolutions."""

from __future__ import annotations

from ganfx.foreign.checkpoints import State
from ganfx.foreign.families.drawn import Drawn
from ganfx.foreign.families.layers import Layers
from ganfx.foreign.graph import INPUT


def recognizes(state: State) -> bool:
    """Whether its first and last convolutions are there."""
    return {"initial.cnn.depthwise.weight", "final_conv.pointwise.weight"} <= state.keys()


def write(layers: Layers) -> Drawn:
    """Raises ContractError where the weights do not fit."""
    channels = len(layers.take("initial.cnn.depthwise.weight", 4))
    first = x = layers.prelu(layers.separable(INPUT, "initial.cnn"), "initial.act")
    blocks = 0
    while layers.has(f"residual.{blocks}.block1.cnn.depthwise.weight"):
        name = f"residual.{blocks}"
        inner = layers.prelu(_normalized(layers, x, f"{name}.block1"), f"{name}.block1.act")
        x = layers.add(_normalized(layers, inner, f"{name}.block2"), x)
        blocks += 1
    x, ups = layers.add(_normalized(layers, x, "convblock"), first), 0
    while layers.has(f"upsampler.{ups}.conv.depthwise.weight"):
        x = layers.shuffled(layers.separable(x, f"upsampler.{ups}.conv"), 2)
        x = layers.prelu(x, f"upsampler.{ups}.act")
        ups += 1
    x = layers.graph.add("Tanh", layers.separable(x, "final_conv"))
    # Blocks without an activation have its weights nevertheless.
    layers.ignore(("block2.act.weight", "convblock.act.weight"))
    x = layers.scaled(layers.add(x, layers.graph.scalar(1)), 0.5)
    return Drawn(x, channels, channels, f"Swift-SRGAN, {blocks} blocks")


def _normalized(layers: Layers, x: str, name: str) -> str:
    return layers.batch_norm(layers.separable(x, f"{name}.cnn"), f"{name}.bn")
