"""Smaller files: weights stored as fp16, computed with in fp32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from onnx import ModelProto

SUFFIX = ".fp16"


def store_fp16(model: ModelProto) -> ModelProto:
    """A copy whose weights are fp16, each followed by a Cast to fp32 that the runtime folds while loading.

    Vectors (biases, slopes) and weights past fp16's range stay as they are: they are small, or would be lost.
    """
    halved = type(model)()
    halved.CopyFrom(model)
    casts = []
    for tensor in halved.graph.initializer:
        half = _as_fp16(tensor)
        if half is None:
            continue
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], f"Cast_{half.name}", to=TensorProto.FLOAT))
        tensor.CopyFrom(half)
    nodes = [*casts, *halved.graph.node]
    del halved.graph.node[:]
    halved.graph.node.extend(nodes)
    return halved


def _as_fp16(tensor: TensorProto) -> TensorProto | None:
    if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2:
        return None
    values = numpy_helper.to_array(tensor)
    if np.abs(values).max() > np.finfo(np.float16).max:
        return None
    return numpy_helper.from_array(values.astype(np.float16), tensor.name + SUFFIX)
