"""Real-ESRGAN's compact network (SRVGGNetCompact): convolutions with PReLU between, beside the enlarged picture."""

from __future__ import annotations

from ganfx.foreign.checkpoints import State
from ganfx.foreign.families.drawn import Drawn
from ganfx.foreign.families.layers import Layers, shuffle_factor
from ganfx.foreign.graph import INPUT


def recognizes(state: State) -> bool:
    """Whether the weights are named body.0, body.1, ... alone, a slope for each channel after each convolution."""
    numbers = {name.split(".")[1] for name in state if name.startswith("body.")}
    return (
        {"body.0.weight", "body.1.weight"} <= state.keys()
        and all(name.startswith("body.") and name.count(".") == 2 for name in state)
        and numbers == set(map(str, range(len(numbers))))
        and state["body.1.weight"].ndim == 1
    )


def write(layers: Layers) -> Drawn:
    """Raises ContractError where the weights do not fit."""
    x, count = INPUT, 0
    while layers.has(f"body.{count}.weight"):
        x = layers.prelu(x, f"body.{count}") if count % 2 else layers.convolution(x, f"body.{count}")
        count += 1
    width, channels = layers.take("body.0.weight", 4).shape[:2]
    factor = shuffle_factor(len(layers.take(f"body.{count - 1}.weight", 4)), channels)
    larger = layers.graph.resized(INPUT, (factor, factor), "nearest") if factor > 1 else INPUT
    x = layers.add(layers.shuffled(x, factor), larger)
    return Drawn(x, channels, channels, f"Compact, {width} channels, {(count + 1) // 2} convolutions")
