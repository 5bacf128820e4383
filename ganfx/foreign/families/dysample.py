"""DySample (Liu et al. 2023): enlarging by looking each pixel up at a place that the network chooses."""

from __future__ import annotations

import numpy as np

from ganfx.foreign.families.layers import Layers

# Groups of channels that are looked up at places of their own: for odd factors as many as colors.
_GROUPS, _COLORS = 4, 3


def written(layers: Layers, x: str, name: str, channels: int, factor: int) -> str:
    """x (N, channels, H, W) enlarged `factor` times with the weights `name`. Raises ContractError."""
    graph = layers.graph
    groups = _COLORS if factor % 2 else _GROUPS
    steps = layers.multiply(
        layers.convolution(x, f"{name}.offset"), graph.add("Sigmoid", layers.convolution(x, f"{name}.scope"))
    )
    start = graph.weight(layers.plain(f"{name}.init_pos", 4))
    steps = layers.shuffled(layers.add(layers.scaled(steps, 0.5), start), factor)
    across, down = graph.add_all("Split", steps, graph.constant([groups, groups]), outputs=2, axis=1)
    places = [
        _places(layers, x, across, axis=3, factor=factor, shape=[1, 1, 1, -1]),
        _places(layers, x, down, axis=2, factor=factor, shape=[1, 1, -1, 1]),
    ]
    last = graph.constant([4])
    grid = graph.add("Concat", *(graph.add("Unsqueeze", place, last) for place in places), axis=4)
    size = graph.add("Shape", steps, start=2, end=4)
    grid = _reshaped(layers, grid, [-1], size, [2])
    parts = _reshaped(layers, x, [-1, channels // groups], graph.add("Shape", x, start=2, end=4), [])
    looked_up = graph.add("GridSample", parts, grid, mode="bilinear", padding_mode="border", align_corners=0)
    larger = _reshaped(layers, looked_up, [-1, channels], size, [])
    return layers.convolution(larger, f"{name}.end_conv") if layers.has(f"{name}.end_conv.weight") else larger


def _places(layers: Layers, x: str, steps: str, *, axis: int, factor: int, shape: list[int]) -> str:
    """Where along `axis` each pixel is looked up, -1 to 1: the middle of the pixel that it comes of, and `steps`."""
    graph = layers.graph
    length = graph.add("Squeeze", graph.add("Shape", x, start=axis, end=axis + 1))
    larger = graph.add("Mul", length, graph.constant(factor))
    numbers = graph.add("Range", graph.constant(0), larger, graph.constant(1))
    middle = graph.add("Cast", graph.add("Div", numbers, graph.constant(factor)), to=1)
    middle = layers.add(graph.add("Reshape", middle, graph.constant(shape)), graph.scalar(0.5))
    share = graph.add("Div", layers.scaled(layers.add(middle, steps), 2), graph.add("Cast", length, to=1))
    return layers.add(share, graph.scalar(-1))


def _reshaped(layers: Layers, x: str, before: list[int], size: str, after: list[int]) -> str:
    parts = [layers.graph.constant(np.array(part, np.int64)) for part in (before, after) if part]
    ordered = [parts[0], size, *parts[1:]]
    return layers.graph.add("Reshape", x, layers.graph.add("Concat", *ordered, axis=0))
