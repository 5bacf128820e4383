"""What the layers of an ncnn network hand on while they are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganfx.errors import ContractError
from ganfx.foreign.graph import Array, Graph
from ganfx.foreign.ncnn.param import NOT_GIVEN, Layer
from ganfx.foreign.ncnn.weights import WeightFile


class Tensor(NamedTuple):
    """A tensor (N, channels, h, w) of the graph; a vector is one of 1 x 1 pixels."""

    name: str
    channels: int


class Writer:
    """The graph so far, the weights still to be read, and the tensors by ncnn's names."""

    def __init__(self, weights: WeightFile) -> None:
        self.graph, self.weights = Graph(), weights
        self._made: dict[str, Tensor] = {}
        self._used: set[str] = set()

    def taken(self, layer: Layer) -> list[Tensor]:
        """The inputs of `layer`. Raises ContractError where one does not exist yet, or there is none."""
        for name in layer.inputs:
            if name not in self._made:
                raise layer.error("takes a tensor that no layer before it makes")
        self._used.update(layer.inputs)
        if not layer.inputs and layer.kind != "MemoryData":
            raise layer.error("takes no tensor")
        return [self._made[name] for name in layer.inputs]

    def keep(self, layer: Layer, made: Sequence[Tensor]) -> None:
        """Name the tensors `made` as `layer` does. Raises ContractError where their number differs."""
        if len(made) != len(layer.outputs):
            raise layer.error(f"makes {len(layer.outputs)} tensors, and should make {len(made)}")
        self._made |= dict(zip(layer.outputs, made, strict=True))

    def unused(self) -> list[Tensor]:
        """The tensors that no layer takes: the outputs."""
        return [tensor for name, tensor in self._made.items() if name not in self._used]

    def per_channel(self, values: Array) -> str:
        """values (C,) as a stored tensor (C, 1, 1)."""
        return self.graph.weight(values.astype(np.float32).reshape(-1, 1, 1))

    def activated(self, x: str, layer: Layer) -> str:
        """x after the activation that convolutions and the like have in their settings 9 and 10."""
        kind, numbers = layer.whole(9), layer.list(10)
        least = {0: 0, 1: 0, 2: 1, 3: 2, 4: 0, 5: 0, 6: 2}.get(kind)
        if least is None or len(numbers) < least:
            raise layer.error("has an activation that ganfx does not know")
        graph = self.graph
        if kind == 1:
            return graph.add("Relu", x)
        if kind == 2:
            return graph.add("LeakyRelu", x, alpha=numbers[0])
        if kind == 3:
            return graph.add("Clip", x, graph.scalar(numbers[0]), graph.scalar(numbers[1]))
        if kind == 4:
            return graph.add("Sigmoid", x)
        if kind == 5:
            return mish(graph, x)
        return hard_swish(graph, x, numbers[0], numbers[1]) if kind == 6 else x


def mish(graph: Graph, x: str) -> str:
    """x * tanh(softplus(x))"""
    return graph.add("Mul", x, graph.add("Tanh", graph.add("Softplus", x)))


def hard_swish(graph: Graph, x: str, alpha: float, beta: float) -> str:
    """x * clip(alpha * x + beta, 0, 1)"""
    return graph.add("Mul", x, graph.add("HardSigmoid", x, alpha=alpha, beta=beta))


def pair(layer: Layer, width: int, height: int, default: int) -> list[int]:
    """[height, width] of the settings of these numbers; the height is the width where it is not given."""
    across = layer.whole(width, default)
    found = [layer.whole(height, across), across]
    if not all(1 <= number <= 1 << 16 for number in found):
        raise layer.error(f"has sizes of {found[1]}x{found[0]}")
    return found


def pads(layer: Layer, left: int, right: int, top: int, bottom: int) -> list[int]:
    """[top, left, bottom, right] of the settings of these numbers, each the one before it where it is not given."""
    first = layer.whole(left)
    above = layer.whole(top, first)
    found = [above, first, layer.whole(bottom, above), layer.whole(right, first)]
    if not all(0 <= number <= 1 << 12 or number in (NOT_GIVEN, NOT_GIVEN - 1) for number in found):
        raise layer.error("has margins that are no sizes")
    return found


def same_channels(tensors: Sequence[Tensor], layer: Layer) -> int:
    """The number of channels of `tensors`, where those with one fit to all. Raises ContractError."""
    counts = {tensor.channels for tensor in tensors} - {1}
    if len(counts) > 1:
        raise ContractError(str(layer.error(f"joins tensors of {' and '.join(map(str, sorted(counts)))} channels")))
    return counts.pop() if counts else 1
