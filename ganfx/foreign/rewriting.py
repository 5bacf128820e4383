"""Graphs of other layouts and types rewritten as the engine feeds them: one float32 picture (N, C, H, W) in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, ValueInfoProto

_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16)
_PAD_BY_INPUT = 11
# Attributes of a transposed convolution that belong to a stored size.
_STORED_SIZES = frozenset({"output_shape", "output_padding", "auto_pad"})
_FREE = ("height", "width")


class Rewriter:
    """Puts nodes before the inputs and after the outputs of `model`, in place."""

    def __init__(self, model: ModelProto) -> None:
        self.model, self.graph = model, model.graph
        self._count = 0
        self._first: list[NodeProto] = []

    @property
    def inputs(self) -> list[ValueInfoProto]:
        """The graph's inputs that are no stored weights."""
        stored = {tensor.name for tensor in self.graph.initializer}
        return [value for value in self.graph.input if value.name not in stored]

    @property
    def opset(self) -> int:
        """The version of ONNX's own operators."""
        return max((entry.version for entry in self.model.opset_import if entry.domain in ("", "ai.onnx")), default=1)

    def name(self) -> str:
        """A name that no tensor of the graph has."""
        self._count += 1
        return f"ganfx/{self._count}"

    def constant(self, values: Any, kind: Any = np.float32) -> str:
        """A stored tensor."""
        name = self.name()
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def before(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node that runs before all of the graph; returns the name of its output."""
        made = self.name()
        self._first.append(helper.make_node(operator, inputs, [made], **attributes))
        return made

    def after(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node that runs after all of the graph; returns the name of its output."""
        made = self.name()
        self.graph.node.append(helper.make_node(operator, inputs, [made], **attributes))
        return made

    def take(self, value: ValueInfoProto) -> ValueInfoProto:
        """Take the input `value` out of the graph's inputs; what it is named has to be made by a node."""
        found = type(value)()
        found.CopyFrom(value)
        self.graph.input.remove(value)
        return found

    def feed(self, name: str, made: str) -> None:
        """Let `made` be what the input `name`, which was taken out, was."""
        self._first.append(helper.make_node("Identity", [made], [name]))

    def give(self, shape: Sequence[int | str | None], channels: int) -> str:
        """A new picture among the inputs: (N, channels, H, W) of `shape`, the rows and the columns."""
        name = "input" if not self._has("input") else self.name()
        value = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", channels, *shape])
        self.graph.input.insert(0, value)
        return name

    def result(self, made: str) -> None:
        """Let `made` be the only output, (N, C, H, W) of any size."""
        name = "output" if not self._has("output") else self.name()
        self.graph.node.append(helper.make_node("Identity", [made], [name]))
        del self.graph.output[:]
        self.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4))

    def finish(self) -> None:
        """Put the first nodes where they belong."""
        rest = list(self.graph.node)
        del self.graph.node[:]
        self.graph.node.extend([*self._first, *rest])
        self._first = []

    def _has(self, name: str) -> bool:
        used = {name for node in self.graph.node for name in (*node.input, *node.output)}
        return name in used | {value.name for value in (*self.graph.input, *self.graph.initializer)}

    def padded(self, x: str, pixels: int) -> str:
        """x with so many rows and columns of its edge repeated around it, before all of the graph."""
        sizes = [0, 0, pixels, pixels, 0, 0, pixels, pixels]
        if self.opset < _PAD_BY_INPUT:
            return self.before("Pad", x, pads=sizes, mode="edge")
        return self.before("Pad", x, self.constant(sizes, np.int64), mode="edge")

    def as_type(self, x: str, kind: int) -> str:
        """Float x as numbers of type `kind`; whole numbers are rounded and kept in 0 to 255."""
        if kind == TensorProto.FLOAT:
            return x
        if kind not in _FLOATS:
            x = self.before("Max", x, self.constant(0))
            x = self.before("Min", x, self.constant(255))
            x = self.before("Floor", self.before("Add", x, self.constant(0.5)))
        return self.before("Cast", x, to=kind)


def shape_of(value: ValueInfoProto) -> list[int | str | None]:
    """The lengths of the axes of `value`; a name or None where one is free."""
    axes = value.type.tensor_type.shape.dim
    return [axis.dim_value if axis.HasField("dim_value") else axis.dim_param or None for axis in axes]


def kind_of(value: ValueInfoProto) -> int:
    """The type of its numbers."""
    return int(value.type.tensor_type.elem_type)


def is_channels_last(shape: Sequence[int | str | None]) -> bool:
    """Whether the axes of a tensor are (N, H, W, C), as far as their lengths show it."""
    return len(shape) == 4 and shape[3] in (1, 3, 4) and shape[1] not in (1, 2, 3, 4)


def make_plain(model: ModelProto, *, channels_last: bool, margin: int = 0) -> None:
    """Rewrite `model`, which has one picture in and the result first among its outputs, in place.

    margin: so many pixels of the picture's edge are repeated around it.
    """
    rewriter = Rewriter(model)
    value = rewriter.take(rewriter.inputs[0])
    shape = shape_of(value)
    channels = shape[3] if channels_last else shape[1]
    sides = [_larger(side, -2 * margin) for side in (shape[1:3] if channels_last else shape[2:4])]
    x = rewriter.give(sides, channels if isinstance(channels, int) else 3)
    x = rewriter.padded(x, margin) if margin else x
    x = rewriter.as_type(x, kind_of(value))
    x = rewriter.before("Transpose", x, perm=[0, 2, 3, 1]) if channels_last else x
    rewriter.feed(value.name, x)
    rewriter.finish()
    made = model.graph.output[0]
    x = rewriter.after("Cast", made.name, to=TensorProto.FLOAT)
    if is_channels_last(shape_of(made)) or (channels_last and len(shape_of(made)) == 4):
        x = rewriter.after("Transpose", x, perm=[0, 3, 1, 2])
    rewriter.result(x)


def _larger(side: int | str | None, by: int) -> int | str | None:
    return side + by if isinstance(side, int) else side


def free_size(model: ModelProto, *, padded: bool) -> None:
    """Declare height and width of the picture free, in place; whether the network then takes others is to be tried.

    Transposed convolutions whose size was stored get all rows and columns that their stride can make where `padded`,
    else just those that their kernel makes.
    """
    for node in model.graph.node:
        if node.op_type == "ConvTranspose":
            _free_transposed(node, padded=padded)
    rewriter = Rewriter(model)
    for axis, name in zip(rewriter.inputs[0].type.tensor_type.shape.dim[2:], _FREE, strict=True):
        axis.dim_param = name
    for value in model.graph.output:
        for axis in value.type.tensor_type.shape.dim[2:]:
            axis.Clear()
    del model.graph.value_info[:]


def _free_transposed(node: NodeProto, *, padded: bool) -> None:
    kept = {entry.name: entry for entry in node.attribute}
    if "output_shape" not in kept:
        return
    strides = list(kept["strides"].ints) if "strides" in kept else [1, 1]
    del node.attribute[:]
    node.attribute.extend(entry for name, entry in kept.items() if name not in _STORED_SIZES)
    if padded:
        node.attribute.append(helper.make_attribute("output_padding", [stride - 1 for stride in strides]))
