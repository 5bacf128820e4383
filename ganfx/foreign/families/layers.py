"""Writing layers from a state dict: each weight is taken by its name, and none may be left."""

from __future__ import annotations

import math

import numpy as np

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints import State
from ganfx.foreign.checkpoints.tensors import Array
from ganfx.foreign.graph import Graph

# Buffers and leftovers of profilers that compute nothing.
_IDLE = ("num_batches_tracked", "total_ops", "total_params")
_BATCH_NORM_EPSILON = GROUP_NORM_EPSILON = 1e-5


class Layers:
    """The graph so far, and the weights of `state`. Every method raises ContractError for one that does not fit."""

    def __init__(self, state: State) -> None:
        self.graph = Graph()
        self.state, self._left = state, {name for name in state if not name.endswith(_IDLE)}

    def take(self, name: str, axes: int | None = None) -> Array:
        """The weight `name`, which has so many axes; float16 stays so, all other numbers are float32."""
        values = self.state.get(name)
        if values is None or (axes is not None and values.ndim != axes):
            raise ContractError(f"has no weight {name} of the shape that its network needs")
        self._left.discard(name)
        return values if values.dtype == np.float16 else np.asarray(values, np.float32)

    def plain(self, name: str, axes: int | None = None) -> Array:
        """The same, always in float32, for what is computed with here."""
        return np.asarray(self.take(name, axes), np.float32)

    def has(self, name: str) -> bool:
        return name in self.state

    def ignore(self, names: tuple[str, ...]) -> None:
        """Weights whose names end so are not needed."""
        self._left = {name for name in self._left if not name.endswith(names)}

    @property
    def left(self) -> set[str]:
        """The names of the weights that were not taken."""
        return self._left

    def convolution(self, x: str, name: str, *, groups: int = 1) -> str:
        """x convolved with `name.weight`, at its own size; with `name.bias` where that is there."""
        bias = self.plain(f"{name}.bias", 1) if self.has(f"{name}.bias") else None
        return self.graph.convolution(x, self.take(f"{name}.weight", 4), bias, group=groups)

    def separable(self, x: str, name: str) -> str:
        """A convolution of each channel for itself, `name.depthwise`, and one of single pixels, `name.pointwise`."""
        groups = len(self.take(f"{name}.depthwise.weight", 4))
        return self.convolution(self.convolution(x, f"{name}.depthwise", groups=groups), f"{name}.pointwise")

    def prelu(self, x: str, name: str) -> str:
        """x with the slopes `name.weight` below zero."""
        return self.graph.add("PRelu", x, self.per_channel(self.plain(f"{name}.weight", 1)))

    def leaky(self, x: str, slope: float) -> str:
        return self.graph.add("LeakyRelu", x, alpha=slope)

    def batch_norm(self, x: str, name: str) -> str:
        """Batch normalization with the statistics of the training, as one product and one sum."""
        mean, variance = (self.plain(f"{name}.{part}", 1) for part in ("running_mean", "running_var"))
        gain = self.plain(f"{name}.weight", 1) / np.sqrt(variance + np.float32(_BATCH_NORM_EPSILON))
        shift = self.plain(f"{name}.bias", 1) - mean * gain
        return self.affine(x, gain, shift)

    def group_norm(self, x: str, name: str, groups: int) -> str:
        """Group normalization: each group of channels to mean 0 and variance 1 over the whole picture."""
        graph = self.graph
        flat = graph.add("Reshape", x, graph.constant([0, groups, -1]))
        ones, zeros = graph.constant(np.ones(groups), np.float32), graph.constant(np.zeros(groups), np.float32)
        flat = graph.add("InstanceNormalization", flat, ones, zeros, epsilon=GROUP_NORM_EPSILON)
        x = graph.add("Reshape", flat, graph.add("Shape", x))
        return self.affine(x, self.plain(f"{name}.weight", 1), self.plain(f"{name}.bias", 1))

    def affine(self, x: str, gain: Array, shift: Array) -> str:
        """x * gain + shift, for each channel"""
        return self.add(self.multiply(x, self.per_channel(gain)), self.per_channel(shift))

    def per_channel(self, values: Array) -> str:
        """values (C,) as a stored tensor (C, 1, 1)."""
        return self.graph.weight(np.asarray(values, np.float32).reshape(-1, 1, 1))

    def add(self, x: str, y: str) -> str:
        return self.graph.add("Add", x, y)

    def multiply(self, x: str, y: str) -> str:
        return self.graph.add("Mul", x, y)

    def scaled(self, x: str, factor: float) -> str:
        return self.multiply(x, self.graph.scalar(factor))

    def mish(self, x: str) -> str:
        """x * tanh(softplus(x))"""
        return self.multiply(x, self.graph.add("Tanh", self.graph.add("Softplus", x)))

    def silu(self, x: str) -> str:
        """x * sigmoid(x)"""
        return self.multiply(x, self.graph.add("Sigmoid", x))

    def gelu(self, x: str) -> str:
        """x / 2 * (1 + erf(x / sqrt(2)))"""
        error = self.graph.add("Erf", self.scaled(x, 1 / math.sqrt(2)))
        return self.multiply(self.scaled(x, 0.5), self.add(error, self.graph.scalar(1)))

    def shuffled(self, x: str, factor: int) -> str:
        """Channels become blocks of factor x factor pixels."""
        return self.graph.add("DepthToSpace", x, blocksize=factor, mode="CRD") if factor > 1 else x

    def unshuffled(self, x: str, channels: int, factor: int) -> str:
        """Blocks of factor x factor pixels become channels, those of one channel beside one another."""
        order = np.arange(channels * factor**2).reshape(factor**2, channels).T.reshape(-1)
        blocks = self.graph.add("SpaceToDepth", x, blocksize=factor)
        return self.graph.add("Gather", blocks, self.graph.constant(order), axis=1)


def shuffle_factor(made: int, channels: int) -> int:
    """By what factor `made` channels can be shuffled into `channels`. Raises ContractError."""
    factor = math.isqrt(made // channels) if channels else 0
    if not 1 <= factor <= 16 or factor**2 * channels != made:
        raise ContractError(f"makes {made} channels, of which no picture can be made")
    return factor
