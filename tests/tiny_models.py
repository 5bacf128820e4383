"""ONNX files of a few bytes for tests of everything around them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ganfx.spec import KEY, FilterSpec


def nearest(path: Path, scale: int = 4, spec: FilterSpec | None = None) -> Path:
    """Write an RGB network that enlarges `scale` times by repeating pixels, with `spec` as its contract."""
    weight = np.zeros((3 * scale**2, 3, 1, 1), np.float32)
    weight[np.arange(len(weight)), np.arange(len(weight)) // scale**2] = 1
    nodes = [
        helper.make_node("Conv", ["input", "weight"], ["repeated"]),
        helper.make_node("DepthToSpace", ["repeated"], ["output"], blocksize=scale, mode="CRD"),
    ]
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, "height", "width"])
    made = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 3, "out_height", "out_width"])
    graph = helper.make_graph(nodes, "nearest", [given], [made], [numpy_helper.from_array(weight, "weight")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    if spec:
        model.metadata_props.add(key=KEY, value=spec.to_json())
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path
