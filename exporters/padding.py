"""Input channels of convolutions filled up to multiples of four.

GPUs fetch four channels at a time, and WebGPU's kernels have computed other counts wrongly. The result is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_MULTIPLE = 4
# What the names of the added tensors end with.
_COUNTS = "/channels"


def pad_channels(model: ModelProto) -> None:
    """Fill up, in place, what is concatenated and then convolved: with channels of zeros that weigh nothing.

    Other convolutions are left alone: a network's own counts are its author's choice, but those of a concatenation
    with the picture are an accident.
    """
    graph = model.graph
    makers = {output: node for node in graph.node for output in node.output}
    for node in list(graph.node):
        joined = makers.get(node.input[0]) if node.op_type == "Conv" and _groups(node) == 1 else None
        if joined is not None and joined.op_type == "Concat" and _is_only_use(graph, joined.output[0]):
            _pad(graph, node, joined)


def padded_channels(model: ModelProto) -> dict[str, int]:
    """How many channels of zeros were added for each convolution whose input was filled up, by its weights' name."""
    graph = model.graph
    counts = {tensor.name: tensor for tensor in graph.initializer if tensor.name.endswith(_COUNTS)}
    added, joined, found = dict[str, int](), dict[str, int](), dict[str, int]()
    for node in graph.node:
        if node.op_type == "Pad" and node.input[1] in counts:
            added[node.output[0]] = int(numpy_helper.to_array(counts[node.input[1]])[5])
        elif node.op_type == "Concat" and node.input[-1] in added:
            joined[node.output[0]] = added[node.input[-1]]
        elif node.op_type == "Conv" and node.input[0] in joined:
            found[node.input[1]] = joined[node.input[0]]
    return found


def _groups(node: NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)


def _is_only_use(graph: GraphProto, name: str) -> bool:
    return [used for node in graph.node for used in node.input].count(name) == 1


def _pad(graph: GraphProto, convolution: NodeProto, joined: NodeProto) -> None:
    stored = {tensor.name: tensor for tensor in graph.initializer}
    weights = stored.get(convolution.input[1])
    missing = -weights.dims[1] % _MULTIPLE if weights is not None else 0
    if weights is None or not missing:
        return
    values = numpy_helper.to_array(weights)
    rim = [(0, 0)] * values.ndim
    rim[1] = (0, missing)
    weights.CopyFrom(numpy_helper.from_array(np.pad(values, rim), weights.name))
    last = joined.input[len(joined.input) - 1]
    filled, name = f"{last}/filled", f"{convolution.name}{_COUNTS}"
    graph.initializer.append(numpy_helper.from_array(np.array([0, 0, 0, 0, 0, missing, 0, 0], np.int64), name))
    joined.input[len(joined.input) - 1] = filled
    graph.node.insert(list(graph.node).index(joined), helper.make_node("Pad", [last, name], [filled]))
