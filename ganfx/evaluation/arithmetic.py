"""The arithmetic in a network, counted in its graph, and a graph that does nothing else, to measure a device by."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from ganfx.engine.runtime import quiet_options, runtime
from ganfx.engine.tiles import Floats

Shape = tuple[int, ...]


def operations(path: Path, batch: Floats, controls: Mapping[str, float]) -> int:
    """Floating-point operations of the network at `path` for one `batch` (N, C, H, W): convolutions and products.

    A multiplication and its addition count as two. What is done once per value (activations, sums) is left out. The
    network is run once, since what sizes its tensors have only shows then.
    """
    model = onnx.load(path)
    counted = [node for node in model.graph.node if node.op_type in _COUNTED]
    shapes: dict[str, Shape] = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    wanted = [name for node in counted for name in (*node.input[:2], node.output[0]) if name not in shapes]
    ends = {value.name for value in (*model.graph.input, *model.graph.output)}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(wanted) if name not in ends)
    session = runtime().InferenceSession(model.SerializeToString(), quiet_options(), providers=["CPUExecutionProvider"])
    picture, *scalars = session.get_inputs()
    given = {scalar.name: np.full([1] * len(scalar.shape), controls[scalar.name], np.float32) for scalar in scalars}
    asked = [name for name in dict.fromkeys(wanted) if name != picture.name]
    found = session.run(asked, {picture.name: batch} | given)
    shapes |= {picture.name: batch.shape} | {name: value.shape for name, value in zip(asked, found, strict=True)}
    return sum(
        _COUNTED[node.op_type](*(shapes[name] for name in (*node.input[:2], node.output[0]))) for node in counted
    )


def _of_convolution(given: Shape, weights: Shape, made: Shape) -> int:
    return 2 * math.prod(made) * math.prod(weights[1:])


def _of_transposed(given: Shape, weights: Shape, made: Shape) -> int:
    return 2 * math.prod(given) * math.prod(weights[1:])


def _of_product(given: Shape, weights: Shape, made: Shape) -> int:
    return 2 * math.prod(made) * given[-1]


_COUNTED = {"Conv": _of_convolution, "ConvTranspose": _of_transposed, "MatMul": _of_product, "Gemm": _of_product}


def convolutions_only(channels: int = 64, layers: int = 8) -> bytes:
    """A serialised graph of plain 3x3 convolutions from `input` (N, channels, H, W) to `output`, and nothing else."""
    shape: list[str | int | None] = ["batch", channels, "height", "width"]
    names = ["input", *(f"inner{number}" for number in range(1, layers)), "output"]
    kernel = helper.make_tensor(
        "kernel", TensorProto.FLOAT, [channels, channels, 3, 3], [1 / (9 * channels)] * (9 * channels**2)
    )
    nodes = [
        helper.make_node("Conv", [given, "kernel"], [made], pads=[1, 1, 1, 1])
        for given, made in itertools.pairwise(names)
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("input", "output")]
    graph = helper.make_graph(nodes, "convolutions", ends[:1], ends[1:], [kernel])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
