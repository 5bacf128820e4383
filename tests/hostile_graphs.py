"""Model files whose graphs are made to hang, to fill memory or to read other files; each function returns its path."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tests import graphs

node = helper.make_node


def _changed(path: Path, change: Callable[[ModelProto], object]) -> Path:
    graphs.identity(path)
    model = onnx.load(path, load_external_data=False)
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def _with_nodes(path: Path, nodes: list[NodeProto], **weights: Any) -> Path:
    """The input plus whatever the last of `nodes` gives, as far as shapes allow."""
    last = nodes[-1].output[0]
    return graphs.write(path, [*nodes, node("Add", ["input", last], ["output"])], weights)


def _count(number: int) -> TensorProto:
    return helper.make_tensor("n", TensorProto.INT64, [], [number])


def _body(name: str, *nodes: NodeProto, scalar_inputs: int = 0) -> Any:
    """A graph for Loop: (count, condition, x) -> (condition, x)."""
    info = helper.make_tensor_value_info
    given = [info("i", TensorProto.INT64, []), info("c", TensorProto.BOOL, []), info("x", TensorProto.FLOAT, None)]
    made = [info("c2", TensorProto.BOOL, []), info("x2", TensorProto.FLOAT, None)]
    steps = [node("Identity", ["c"], ["c2"]), node("Add", ["x", "x"], ["x2"]), *nodes]
    return helper.make_graph(steps, name, given, made)


def loop(path: Path) -> Path:
    """2^62 rounds."""
    nodes = [
        node("Constant", [], ["rounds"], value=_count(2**62)),
        node("Constant", [], ["go"], value=helper.make_tensor("b", TensorProto.BOOL, [], [True])),
        node("Loop", ["rounds", "go", "input"], ["looped"], body=_body("body")),
    ]
    return _with_nodes(path, nodes)


def branch(path: Path, *inner: NodeProto, tensors: tuple[TensorProto, ...] = ()) -> Path:
    """An If whose branches hold the nodes `inner` and the weights `tensors`."""
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    both = helper.make_graph([*inner, node("Identity", ["input"], ["y"])], "branch", [], made, list(tensors))
    yes = node("Constant", [], ["yes"], value=helper.make_tensor("b", TensorProto.BOOL, [], [True]))
    return _with_nodes(path, [yes, node("If", ["yes"], ["chosen"], then_branch=both, else_branch=both)])


def loop_in_a_branch(path: Path) -> Path:
    inner = [
        node("Constant", [], ["rounds"], value=_count(2**62)),
        node("Loop", ["rounds", "", "input"], ["looped"], body=_body("body")),
    ]
    return branch(path, *inner)


def _outside(name: str = "w", location: str = "/etc/passwd") -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def outside_weight(path: Path, location: str = "/etc/passwd") -> Path:
    return _changed(path, lambda model: model.graph.initializer.append(_outside(location=location)))


def outside_by_location_alone(path: Path) -> Path:
    """The entries that name a file, without the mark that says so."""

    def change(model: ModelProto) -> None:
        tensor = _outside()
        tensor.data_location = TensorProto.DEFAULT
        model.graph.initializer.append(tensor)

    return _changed(path, change)


def outside_sparse_weight(path: Path) -> Path:
    def change(model: ModelProto) -> None:
        sparse = model.graph.sparse_initializer.add(dims=[3])
        sparse.values.CopyFrom(_outside())
        sparse.indices.CopyFrom(helper.make_tensor("i", TensorProto.INT64, [3], [0, 1, 2]))

    return _changed(path, change)


def outside_constant(path: Path) -> Path:
    return _with_nodes(path, [node("Constant", [], ["c"], value=_outside())])


def outside_weight_in_a_branch(path: Path) -> Path:
    return branch(path, tensors=(_outside(),))


def outside_constant_in_a_function(path: Path) -> Path:
    def change(model: ModelProto) -> None:
        steps = [node("Constant", [], ["y"], value=_outside())]
        function = helper.make_function("own", "Read", ["x"], ["y"], steps, [helper.make_opsetid("", 18)])
        model.functions.append(function)

    return _changed(path, change)


def outside_weight_for_training(path: Path) -> Path:
    def change(model: ModelProto) -> None:
        model.training_info.add().initialization.initializer.append(_outside())

    return _changed(path, change)


def unknown_domain(path: Path) -> Path:
    return graphs.unknown_operator(path)


def compiled_blob(path: Path) -> Path:
    """What providers load as machine code, from a file of any name."""
    context = node("EPContext", ["input"], ["output"], domain="com.microsoft", embed_mode=0, ep_cache_context="/tmp/x")
    return graphs.write(path, [context], domain="com.microsoft")


def allowed_by_a_function(path: Path) -> Path:
    """A function in the domain of another operator, to have that operator taken for the model's own."""
    compiled_blob(path)
    model = onnx.load(path)
    steps = [node("Identity", ["x"], ["y"])]
    opsets = [helper.make_opsetid("", 18)]
    model.functions.append(helper.make_function("com.microsoft", "Innocent", ["x"], ["y"], steps, opsets))
    path.write_bytes(model.SerializeToString())
    return path


# What check_graph alone must refuse, with a word of its sentence.
FORBIDDEN: dict[Callable[[Path], Path], str] = {
    loop: "operator Loop",
    loop_in_a_branch: "operator Loop",
    outside_weight: "second file",
    outside_by_location_alone: "second file",
    outside_sparse_weight: "second file",
    outside_constant: "second file",
    outside_weight_in_a_branch: "second file",
    outside_constant_in_a_function: "second file",
    outside_weight_for_training: "second file",
    unknown_domain: "org.example:Embellish",
    compiled_blob: "com.microsoft:EPContext",
    allowed_by_a_function: "com.microsoft:EPContext",
}


def constant_bomb(path: Path) -> Path:
    """160 gigabytes of ones, folded as soon as the graph is loaded."""
    shape = np.array([200_000, 200_000], np.int64)
    one = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        node("ConstantOfShape", ["shape"], ["ones"], value=one),
        node("ReduceMax", ["ones"], ["most"], keepdims=0),
    ]
    return _with_nodes(path, nodes, shape=shape)


def expand_bomb(path: Path) -> Path:
    """Each pixel 10^9 times, once the network runs."""
    shape = np.array([10**9, 1, 1, 1], np.int64)
    nodes = [node("Expand", ["input", "shape"], ["large"]), node("ReduceMax", ["large"], ["most"], keepdims=0)]
    return _with_nodes(path, nodes, shape=shape)


def range_bomb(path: Path) -> Path:
    """A trillion numbers."""
    nodes = [node("Range", ["from", "to", "by"], ["all"]), node("ReduceMax", ["all"], ["most"], keepdims=0)]
    ends = {"from": np.float32(0), "to": np.float32(1e12), "by": np.float32(1)}
    return _with_nodes(path, nodes, **{name: np.array(value) for name, value in ends.items()})


def slow_product(path: Path) -> Path:
    """Products of matrices of 16 megabytes each, 10,000 of them: little memory, much time."""
    one = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        node("ConstantOfShape", ["shape"], ["ones"], value=one),
        node("ReduceMax", ["input"], ["top"], keepdims=0),
        node("Mul", ["ones", "top"], ["m0"]),
    ]
    nodes += [node("MatMul", [f"m{i}", "m0"], [f"m{i + 1}"]) for i in range(10_000)]
    nodes += [node("ReduceMin", ["m10000"], ["least"], keepdims=0), node("Sub", ["least", "least"], ["zero"])]
    return _with_nodes(path, nodes, shape=np.array([2000, 2000], np.int64))


def functions_of_functions(path: Path) -> Path:
    """A function that calls another ten times, which calls another ten times, nine levels deep."""

    def change(model: ModelProto) -> None:
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
        for level in range(9):
            names = ["x", *(f"t{i}" for i in range(9)), "y"]
            call = (f"f{level + 1}", "own") if level < 8 else ("Identity", "")
            steps = [node(call[0], [a], [b], domain=call[1]) for a, b in itertools.pairwise(names)]
            model.functions.append(helper.make_function("own", f"f{level}", ["x"], ["y"], steps, opsets))
        model.opset_import.append(helper.make_opsetid("own", 1))
        del model.graph.node[:]
        model.graph.node.append(node("f0", ["input"], ["output"], domain="own"))

    return _changed(path, change)


def function_of_itself(path: Path) -> Path:
    def change(model: ModelProto) -> None:
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
        steps = [node("again", ["x"], ["y"], domain="own")]
        model.functions.append(helper.make_function("own", "again", ["x"], ["y"], steps, opsets))
        model.opset_import.append(helper.make_opsetid("own", 1))
        del model.graph.node[:]
        model.graph.node.append(node("again", ["input"], ["output"], domain="own"))

    return _changed(path, change)


def weight_without_values(path: Path) -> Path:
    """A weight of 4 terabytes in 20 bytes."""

    def change(model: ModelProto) -> None:
        model.graph.initializer.append(TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[10**6, 10**6]))

    return _changed(path, change)


def not_a_number(path: Path) -> Path:
    """The logarithm of a negative number."""
    minus = numpy_helper.from_array(np.array(-1, np.float32))
    nodes = [node("Constant", [], ["minus"], value=minus), node("Log", ["minus"], ["nan"])]
    return _with_nodes(path, nodes)


def huge_input(path: Path) -> Path:
    """A picture of 10^6 x 10^6 pixels, and no other."""
    return graphs.identity(path, size=(1, 10**6, 10**6))


def million_channels(path: Path) -> Path:
    return graphs.identity(path, channels=10**7)


def huge_padding(path: Path) -> Path:
    pads = np.array([0, 0, 2**30, 2**30, 0, 0, 2**30, 2**30], np.int64)
    return graphs.write(path, [node("Pad", ["input", "pads"], ["output"])], {"pads": pads})


def scale_of_a_million(path: Path) -> Path:
    return graphs.nearest(path, 10**6)


# What must not outlive its limits, with a word of the sentence.
BOMBS: dict[Callable[[Path], Path], str] = {
    constant_bomb: "memory",
    expand_bomb: "memory",
    range_bomb: "memory",
    slow_product: "takes more than",
    functions_of_functions: "takes more than",
    function_of_itself: "recursive",
    not_a_number: "no numbers",
    huge_input: "memory",
    million_channels: "memory",
    huge_padding: "whole multiple",
    scale_of_a_million: "memory",
}
