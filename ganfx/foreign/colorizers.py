"""Networks that turn lightness into colors: what they do to lightness first says in which units they take it."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from onnx import numpy_helper

from ganfx.engine.findings import LIGHTNESS, ModelFact, Said, range_text
from ganfx.foreign.rewriting import Rewriter, shape_of

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

# How wide 0 to 100 may be once it is normalized.
_WIDTHS = (1.0, 2.0)
_ARITHMETIC = frozenset({"Add", "Sub", "Mul", "Div", "Identity"})


def recognize_colorizer(model: ModelProto, said: Said) -> tuple[Said, tuple[ModelFact, ...]]:
    """What is known of `model`, in plain form, where it normalizes lightness of 0 to 100 by itself."""
    value = Rewriter(model).inputs[0]
    if said.range or shape_of(value)[1] != 1 or shape_of(model.graph.output[0])[1:2] not in ([2], [None], []):
        return said, ()
    width = 100 * _gain(model, value.name)
    if not any(math.isclose(width, one, rel_tol=0.01) for one in _WIDTHS):
        return said, ()
    why = f"it makes {width:.3g} of 100 by itself, before all else"
    fact = ModelFact("range", f"{range_text(LIGHTNESS)} to a* and b*", "certain", why)
    return dataclasses.replace(said, range=LIGHTNESS), (fact,)


def _gain(model: ModelProto, name: str) -> float:
    """What the input `name` is multiplied by before anything but arithmetic with numbers is done to it."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {output: node for node in model.graph.node for output in node.output}
    gain = 1.0
    while True:
        users = [node for node in model.graph.node if name in node.input]
        if len(users) != 1 or users[0].op_type not in _ARITHMETIC:
            return gain
        (node,) = users
        numbers = [_number(other, stored, made) for other in node.input if other != name]
        if not all(numbers):
            return gain
        for number in filter(None, numbers):
            gain *= {"Mul": number, "Div": 1 / number}.get(node.op_type, 1.0)
        name = node.output[0]


def _number(name: str, stored: dict[str, TensorProto], made: dict[str, NodeProto]) -> float | None:
    """The number that the tensor `name` always is; None where it is no single number, or 0."""
    tensor = stored.get(name)
    if tensor is None and name in made and made[name].op_type == "Constant":
        tensor = next((entry.t for entry in made[name].attribute if entry.name == "value"), None)
    if tensor is None:
        return None
    values = numpy_helper.to_array(tensor)
    return float(values.ravel()[0]) or None if values.size == 1 else None
