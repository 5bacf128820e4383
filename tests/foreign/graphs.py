"""Tiny graphs with the inputs and outputs of well-known networks, whose work is known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

Port = tuple[str, int, Sequence[int | str | None]]
FREE = ("batch", 3, "height", "width")


def graph(
    path: Path,
    nodes: Sequence[NodeProto],
    inputs: Sequence[Port] = (("input", TensorProto.FLOAT, FREE),),
    outputs: Sequence[Port] = (("output", TensorProto.FLOAT, ("batch", None, None, None)),),
    weights: dict[str, Any] | None = None,
    opset: int = 18,
) -> Path:
    """Save the graph; weights are arrays by name."""
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()]
    given = [helper.make_tensor_value_info(name, kind, list(shape)) for name, kind, shape in inputs]
    made = [helper.make_tensor_value_info(name, kind, list(shape)) for name, kind, shape in outputs]
    drawn = helper.make_graph(list(nodes), "tiny", given, made, stored)
    onnx.save(helper.make_model(drawn, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


def node(operator: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
    """A node; names of inputs are separated by spaces."""
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def scalars(**values: float) -> dict[str, Any]:
    return {name: np.array(value, np.float32) for name, value in values.items()}


def lama(path: Path, *, largest: float = 255.0, side: int | None = None) -> Path:
    """Like LaMa: RGB in 0..1, a mask that is 1 where it is filled, a result in 0..`largest`; holes become grey."""
    size = (side or "height", side or "width")
    nodes = [
        node("Sub", "one mask", "keep"),
        node("Mul", "image keep", "kept"),
        node("Mul", "grey mask", "filled"),
        node("Add", "kept filled", "whole"),
        node("Mul", "whole largest", "output"),
    ]
    return graph(
        path,
        nodes,
        [("image", TensorProto.FLOAT, (1, 3, *size)), ("mask", TensorProto.FLOAT, (1, 1, *size))],
        [("output", TensorProto.FLOAT, (1, 3, *size))],
        scalars(one=1, grey=0.5, largest=largest),
    )


def migan(path: Path, *, channels_last: bool = False) -> Path:
    """Like MI-GAN's pipeline: 8-bit RGB, an 8-bit mask that is 255 where the picture is kept; holes become grey."""
    shapes = [(1, "h", "w", 3), (1, "h", "w", 1)] if channels_last else [(1, 3, "h", "w"), (1, 1, "h", "w")]
    nodes = [
        node("Cast", "mask", "large", to=TensorProto.FLOAT),
        node("Div", "large most", "keep"),
        node("Cast", "image", "picture", to=TensorProto.FLOAT),
        node("Sub", "one keep", "hole"),
        node("Mul", "picture keep", "kept"),
        node("Mul", "grey hole", "filled"),
        node("Add", "kept filled", "whole"),
        node("Cast", "whole", "result", to=TensorProto.UINT8),
    ]
    return graph(
        path,
        nodes,
        [("image", TensorProto.UINT8, shapes[0]), ("mask", TensorProto.UINT8, shapes[1])],
        [("result", TensorProto.UINT8, shapes[0])],
        scalars(one=1, grey=128, most=255),
    )


def matte(
    path: Path,
    *,
    side: int | None = 320,
    mean: Sequence[float] = (0.485, 0.456, 0.406),
    deviation: Sequence[float] = (0.229, 0.224, 0.225),
    outputs: int = 7,
    logits: bool = False,
    attention: bool = False,
) -> Path:
    """Like u2net, isnet and BiRefNet: normalized RGB becomes opacity, or logits; what is more red than blue stays."""
    nodes = [
        node("Mul", "input deviation", "scaled"),
        node("Add", "scaled mean", "rgb"),
        node("Conv", "rgb redness zero", "more"),
        node("Softmax" if attention else "Identity", "redness", "unused"),
        node("Identity" if logits else "Sigmoid", "more", "d0"),
        *(node("Neg", "d0", f"d{step}") for step in range(1, outputs)),
    ]
    weights = {
        "mean": np.array(mean, np.float32).reshape(1, 3, 1, 1),
        "deviation": np.array(deviation, np.float32).reshape(1, 3, 1, 1),
        "redness": np.array([80, 0, -80], np.float32).reshape(1, 3, 1, 1),
        "zero": np.zeros(1, np.float32),
    }
    sides = (side or "height", side or "width")
    ports = [(f"d{step}", TensorProto.FLOAT, (1, 1, *sides)) for step in range(outputs)]
    return graph(path, nodes, [("input", TensorProto.FLOAT, (1, 3, *sides))], ports, weights)


def u2net(path: Path) -> Path:
    return matte(path)


def isnet(path: Path) -> Path:
    return matte(path, side=1024, mean=(0.5,) * 3, deviation=(1.0,) * 3, outputs=12)


def birefnet(path: Path) -> Path:
    return matte(path, side=1024, outputs=1, logits=True, attention=True)
