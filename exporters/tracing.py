"""Graphs of networks that were not made for ONNX: traced in one way after the other, each compared with torch."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from ganfx.errors import ExportError
from ganfx.spec import ModelSpec

from . import graph, parity

if TYPE_CHECKING:
    from onnx import ModelProto

_OPSET = 18
_SIDE, _LEAST = 64, 40
# The largest difference from torch, as a share of the largest value of the output.
_TOLERANCE = 1e-3


def verified_graph(network: nn.Module, spec: ModelSpec) -> tuple[ModelProto, int]:
    """`network`, which maps (N, C, H, W) to (N, C, H * scale, W * scale), as a graph that computes the same, and what
    height and width must be multiples of.

    Sizes are free where they can be, else a square of at least 64 pixels that `spec` allows. Raises ExportError where
    no way leads to a graph that agrees with torch.
    """
    network = network.eval()
    failure: Exception | None = None
    for trace, unit, sizes in _ways(spec):
        try:
            sample = torch.rand(1, spec.in_channels, *sizes[0], generator=torch.Generator().manual_seed(0))
            with torch.no_grad():
                model = trace(network, sample, spec)
            _compare(network, model, spec, sizes)
        except Exception as error:  # exporters raise many private classes
            failure = failure or error
            continue
        return model, unit
    assert failure is not None
    raise ExportError(f"the network cannot be written as ONNX: {graph.first_line(failure)}") from failure


_Trace = Callable[[nn.Module, Tensor, ModelSpec], "ModelProto"]


def _ways(spec: ModelSpec) -> Iterator[tuple[_Trace, int, list[tuple[int, int]]]]:
    """How to trace, the multiple of all sizes, and those (height, width) to trace at, first, and to compare at.

    A network that fills its picture up to some multiple by itself does so once and for all while it is traced; at sizes
    that are such multiples there is nothing to fill up.
    """
    for unit in dict.fromkeys((spec.multiple_of, math.lcm(spec.multiple_of, 16), math.lcm(spec.multiple_of, 64))):
        yield _scripted, unit, _sizes(spec, unit)
    yield _exported, spec.multiple_of, _sizes(spec, spec.multiple_of)
    side = -(-max(_SIDE, spec.min_size) // spec.multiple_of) * spec.multiple_of
    yield _of_one_size, 1, [(side, side)]


def _sizes(spec: ModelSpec, unit: int) -> list[tuple[int, int]]:
    """Odd multiples of `unit`, at least 40 pixels and what the network takes."""
    side = -(-max(_LEAST, spec.min_size) // unit) * unit
    side += unit * (side // unit % 2 == 0)
    return [(side, side + 2 * unit), (side + 4 * unit, side), (side + unit, side + unit)]


def _exported(network: nn.Module, sample: Tensor, spec: ModelSpec) -> ModelProto:
    return graph.trace(network, torch.cat([sample, sample]), spec)


def _scripted(network: nn.Module, sample: Tensor, spec: ModelSpec) -> ModelProto:
    return _traced(network, sample, {"input": {2: "height", 3: "width"}, "output": {2: "out_height", 3: "out_width"}})


def _of_one_size(network: nn.Module, sample: Tensor, spec: ModelSpec) -> ModelProto:
    return _traced(network, sample, {})


def _traced(network: nn.Module, sample: Tensor, axes: dict[str, dict[int, str]]) -> ModelProto:
    with io.BytesIO() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (sample,),
            file,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=_OPSET,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes=axes,
        )
        return onnx.load_from_string(file.getvalue())


def _compare(network: nn.Module, model: ModelProto, spec: ModelSpec, sizes: list[tuple[int, int]]) -> None:
    """Raises ExportError where the graph does not compute what the network computes."""
    run, random = parity.runner(model), np.random.default_rng(parity.SEED)
    for size in sizes:
        given = random.random((1, spec.in_channels, *size), np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(given.copy())).numpy()
        made = run(given, {})
        if made.shape != wanted.shape or not np.isfinite(made).all():
            raise ExportError(f"the graph gives {made.shape}, the network {wanted.shape}")
        error = float(np.abs(made - wanted).max() / max(1.0, float(np.abs(wanted).max())))
        if error > _TOLERANCE:
            raise ExportError(f"the graph is {error:.2g} off the network at {size[1]}x{size[0]} pixels")
