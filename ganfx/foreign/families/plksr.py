"""PLKSR (Lee et al. 2024) and RealPLKSR: large kernels on a part of the channels."""

from __future__ import annotations

from ganfx.foreign.checkpoints import State
from ganfx.foreign.families import dysample
from ganfx.foreign.families.drawn import Drawn
from ganfx.foreign.families.layers import Layers, shuffle_factor
from ganfx.foreign.graph import INPUT

_CHANNELS = 3
# RealPLKSR's groups of channels; nothing in the weights says them.
_GROUPS = 4
# The first of the two has this slip of the pen in its names.
_PLKSR, _REAL = "channe_mixer", "channel_mixer"


def recognizes(state: State) -> bool:
    """Whether the first block is there, with one large kernel, and normalized by groups where it is RealPLKSR's."""
    mixer = f"feats.1.{_REAL}.0.weight" in state and "feats.1.norm.weight" in state
    return {"feats.0.weight", "feats.1.lk.conv.weight", "feats.1.refine.weight"} <= state.keys() and (
        mixer or f"feats.1.{_PLKSR}.0.weight" in state
    )


def write(layers: Layers) -> Drawn:
    """Raises ContractError where the weights do not fit."""
    is_real = layers.has(f"feats.1.{_REAL}.0.weight")
    x = layers.convolution(INPUT, "feats.0")
    count = 1
    while layers.has(f"feats.{count}.refine.weight"):
        x = _block(layers, x, f"feats.{count}", is_real=is_real)
        count += 1
    last = f"feats.{count + is_real}"  # RealPLKSR has a dropout before it
    width, made = len(layers.take("feats.0.weight", 4)), len(layers.take(f"{last}.weight", 4))
    factor = shuffle_factor(made, _CHANNELS)
    repeated = layers.graph.constant([channel for channel in range(_CHANNELS) for _ in range(factor**2)])
    x = layers.add(layers.convolution(x, last), layers.graph.add("Gather", INPUT, repeated, axis=1))
    label = f"{'Real' * is_real}PLKSR, {width} channels, {count - 1} blocks"
    if layers.has("to_img.init_pos"):
        return Drawn(dysample.written(layers, x, "to_img", made, factor), _CHANNELS, _CHANNELS, f"{label}, DySample")
    return Drawn(layers.shuffled(x, factor), _CHANNELS, _CHANNELS, label)


def _block(layers: Layers, x: str, name: str, *, is_real: bool) -> str:
    mixer = f"{name}.{_REAL if is_real else _PLKSR}"
    inner = layers.convolution(x, f"{mixer}.0")
    inner = layers.mish(inner) if is_real else layers.gelu(inner)
    inner = layers.convolution(inner, f"{mixer}.2")
    inner = _partly_convolved(layers, inner, f"{name}.lk.conv", len(layers.take(f"{mixer}.2.weight", 4)))
    if layers.has(f"{name}.attn.f.0.weight"):
        attention = layers.graph.add("Sigmoid", layers.convolution(inner, f"{name}.attn.f.0"))
        inner = layers.multiply(inner, attention)
    inner = layers.convolution(inner, f"{name}.refine")
    return layers.add(layers.group_norm(inner, f"{name}.norm", _GROUPS) if is_real else inner, x)


def _partly_convolved(layers: Layers, x: str, name: str, channels: int) -> str:
    """The first channels of x convolved, the others as they are."""
    count = len(layers.take(f"{name}.weight", 4))
    graph = layers.graph
    if count == channels:
        return layers.convolution(x, name)
    part, rest = graph.add_all("Split", x, graph.constant([count, channels - count]), outputs=2, axis=1)
    return graph.add("Concat", layers.convolution(part, name), rest, axis=1)
