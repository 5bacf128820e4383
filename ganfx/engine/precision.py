"""Half precision: the same graph in fp16, and whether its output is close enough to that of fp32.

The CUDA provider computes in the types of the graph, and TensorRT is leaving its own fp16 switch for typed graphs, so
one converted graph serves both. Every float of the graph becomes fp16; where that gives no valid graph,
onnxruntime refuses it and the network stays in fp32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ganfx.engine.tiles import Floats
from ganfx.errors import ProviderError

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto

LARGEST_HALF = 65504.0
# Largest difference of fp16 and bf16 from fp32, on average and anywhere, as a share of the value range.
MEAN_TOLERANCE = 1 / 255
PEAK_TOLERANCE = 0.1
# Inputs of operators that stay fp32 whatever the type of the data.
_ALWAYS_FLOAT = {"Resize": slice(1, 3), "Upsample": slice(1, 2)}


def half_graph(content: bytes) -> bytes:
    """The serialised model `content` in fp16, serialised. Raises ProviderError where a weight does not fit.

    Inputs and outputs stay fp32 and are cast inside the graph, on the device: on the processor that takes longer.
    """
    try:
        return _halved(content)
    except ProviderError:
        raise
    except Exception as error:  # onnx, protobuf and numpy share no public base class
        raise ProviderError("the model cannot be converted to fp16", hint="use --precision fp32") from error


def _halved(content: bytes) -> bytes:
    import onnx
    import onnx.inliner

    model = onnx.inliner.inline_local_functions(onnx.load_from_string(content))
    graphs = list(_graphs(model.graph))
    kept = {name for graph in graphs for node in graph.node for name in _float_inputs(node)}
    for graph in graphs:
        for value in (*graph.input, *graph.output, *graph.value_info):
            tensor_type = value.type.tensor_type
            if tensor_type.elem_type == onnx.TensorProto.FLOAT and value.name not in kept:
                tensor_type.elem_type = onnx.TensorProto.FLOAT16
        for weight in graph.initializer:
            if weight.name not in kept:
                _halve(weight)
        for node in graph.node:
            if not kept.intersection(node.output):
                _halve_attributes(node)
    _cast_ends(model.graph)
    return bytes(model.SerializeToString())


def is_close(output: Floats, reference: Floats, span: float) -> bool:
    """Whether `output` is close to fp32's `reference`, both with values over a range of `span`; NaN is not."""
    apart = np.abs(output - reference) / span
    return bool(apart.mean() <= MEAN_TOLERANCE and apart.max() <= PEAK_TOLERANCE)


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner)


def _float_inputs(node: NodeProto) -> list[str]:
    return [name for name in node.input[_ALWAYS_FLOAT.get(node.op_type, slice(0))] if name]


def _cast_ends(graph: GraphProto) -> None:
    """Make the fp16 inputs and outputs of `graph` fp32 ones of the same name, cast inside."""
    from onnx import TensorProto, helper

    stored = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if _is_half(value) and value.name not in stored]
    outputs = [value for value in graph.output if _is_half(value)]
    inner = {value.name: f"{value.name}/half" for value in (*inputs, *outputs)}
    _rename(graph, inner)
    for value in inputs:
        node = helper.make_node("Cast", [value.name], [inner[value.name]], to=TensorProto.FLOAT16)
        graph.node.insert(0, node)
    for value in outputs:
        graph.node.append(helper.make_node("Cast", [inner[value.name]], [value.name], to=TensorProto.FLOAT))
    for value in (*inputs, *outputs):
        value.type.tensor_type.elem_type = TensorProto.FLOAT


def _is_half(value: ValueInfoProto) -> bool:
    from onnx import TensorProto

    return value.type.tensor_type.elem_type == TensorProto.FLOAT16


def _rename(graph: GraphProto, names: Mapping[str, str]) -> None:
    """Rename tensors where nodes, also those of inner graphs, use or make them."""
    for part in _graphs(graph):
        for node in part.node:
            for used in (node.input, node.output):
                for at, name in enumerate(used):
                    used[at] = names.get(name, name)
        if part is not graph:
            for value in part.output:
                value.name = names.get(value.name, value.name)


def _halve(tensor: TensorProto) -> None:
    from onnx import TensorProto, numpy_helper

    if tensor.data_type != TensorProto.FLOAT:
        return
    values = numpy_helper.to_array(tensor)
    if values.size and np.abs(values).max() > LARGEST_HALF:
        raise ProviderError(f"the weights {tensor.name} do not fit into fp16", hint="use --precision fp32")
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), tensor.name))


def _halve_attributes(node: NodeProto) -> None:
    from onnx import AttributeProto, TensorProto, helper, numpy_helper

    for attribute in node.attribute:
        if attribute.type == AttributeProto.TENSOR:
            _halve(attribute.t)
        elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = TensorProto.FLOAT16
        elif node.op_type == "Constant" and attribute.name in ("value_float", "value_floats"):
            value: Any = np.array(helper.get_attribute_value(attribute), np.float16)
            attribute.CopyFrom(helper.make_attribute("value", numpy_helper.from_array(value)))
