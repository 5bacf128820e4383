"""Building an ONNX graph node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import ganfx

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

Array = NDArray[Any]
OPSET = 18
IR_VERSION = 8
INPUT, OUTPUT = "input", "output"


class Graph:
    """A graph from one picture `input` (N, C, H, W) to one picture `output`; tensors are known by their names."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._stored: dict[str, TensorProto] = {}
        self._constants: dict[tuple[str, bytes, tuple[int, ...]], str] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """One more node; returns the name of its output. An empty input is one that is left out."""
        return self.add_all(operator, *inputs, outputs=1, **attributes)[0]

    def add_all(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """One more node; returns the names of its `outputs` outputs."""
        name = f"{operator}_{len(self._nodes)}"
        made = [f"{name}/{number}" for number in range(outputs)]
        self._nodes.append(helper.make_node(operator, inputs, made, name, **attributes))
        return made

    def weight(self, values: Array) -> str:
        """A stored tensor, float32 for the nodes that use it; float16 `values` stay so in the file."""
        name = f"weight_{len(self._stored)}"
        self._stored[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return self.add("Cast", name, to=TensorProto.FLOAT) if values.dtype == np.float16 else name

    def constant(self, values: Any, kind: Any = np.int64) -> str:
        """A small stored tensor; the same values are stored once."""
        array = np.asarray(values, kind)
        key = (array.dtype.str, array.tobytes(), array.shape)
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._stored[name] = numpy_helper.from_array(array, name)
            self._constants[key] = name
        return self._constants[key]

    def scalar(self, value: float) -> str:
        """A number as a float32 tensor."""
        return self.constant(value, np.float32)

    def convolution(self, x: str, weight: Array, bias: Array | None = None, **attributes: Any) -> str:
        """x convolved with `weight` (out, in / group, h, w); without `pads` the size is kept."""
        height, width = weight.shape[2:]
        attributes.setdefault("pads", [height // 2, width // 2, height // 2, width // 2])
        biases = [] if bias is None else [self.weight(bias)]
        return self.add("Conv", x, self.weight(weight), *biases, kernel_shape=[height, width], **attributes)

    def resized(self, x: str, factors: tuple[float, float], mode: str, *, align_corners: bool = False) -> str:
        """x (N, C, H, W) enlarged by `factors`, for height and width, as torch's interpolate does it."""
        scales = self.constant([1, 1, *factors], np.float32)
        return self.add("Resize", x, "", scales, **_ways(mode, align_corners))

    def resized_like(self, x: str, like: str, mode: str, *, align_corners: bool = False) -> str:
        """x resized to the height and width of `like`."""
        head = self.add("Shape", x, start=0, end=2)
        sizes = self.add("Concat", head, self.add("Shape", like, start=2, end=4), axis=0)
        return self.add("Resize", x, "", "", sizes, **_ways(mode, align_corners))

    def model(self, result: str, channels: int, out_channels: int) -> ModelProto:
        """The whole model, whose output is the tensor `result`. Raises what `onnx.checker` raises."""
        nodes = [*self._nodes, helper.make_node("Identity", [result], [OUTPUT], "result")]
        given = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", channels, "height", "width"])
        made = helper.make_tensor_value_info(
            OUTPUT, TensorProto.FLOAT, ["batch", out_channels, "out_height", "out_width"]
        )
        graph = helper.make_graph(nodes, "network", [given], [made], list(self._stored.values()))
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="ganfx",
            producer_version=ganfx.__version__,
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def _ways(mode: str, align_corners: bool) -> dict[str, Any]:
    if mode == "nearest":
        return {"mode": mode, "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    where = "align_corners" if align_corners else "half_pixel"
    return {"mode": mode, "coordinate_transformation_mode": where} | (
        {"cubic_coeff_a": -0.75} if mode == "cubic" else {}
    )
