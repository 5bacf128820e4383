"""ONNX files of a few bytes for tests of everything around them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ganfx.spec import KEY, FilterSpec


def nearest(path: Path, scale: int = 4, spec: FilterSpec | None = None) -> Path:
    """Write an RGB network that enlarges `scale` times by repeating pixels, with `spec` as its contract."""
    sizes = numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "sizes")
    node = helper.make_node("Resize", ["input", "", "sizes"], ["output"], mode="nearest", nearest_mode="floor")
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, "height", "width"])
    made = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 3, "out_height", "out_width"])
    node.attribute.append(helper.make_attribute("coordinate_transformation_mode", "asymmetric"))
    graph = helper.make_graph([node], "nearest", [given], [made], [sizes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    if spec:
        model.metadata_props.add(key=KEY, value=spec.to_json())
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path
