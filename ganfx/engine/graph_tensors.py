"""Which tensors of an open graph a contract speaks of, and whether they are as it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ganfx.errors import ContractError
from ganfx.spec import ModelSpec, Port

FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
# Types of numbers that pictures come in, by their number in ONNX.
NUMBERS = {1: np.float32, 2: np.uint8, 10: np.float16}


class GraphTensors(NamedTuple):
    """The tensors (onnxruntime's NodeArg) that the engine feeds and takes; controls in the order of the spec."""

    picture: Any
    controls: tuple[Any, ...]
    result: Any

    @classmethod
    def of(cls, session: Any, spec: ModelSpec) -> GraphTensors:
        """Those of the onnxruntime `session`. Raises ContractError where the graph is not what `spec` says.

        The engine feeds planes, of a picture or of what a generator starts from, and scalar controls; it refuses
        vectors and further inputs.
        """
        if spec.planes is None or len(spec.inputs) != 1:
            others = ", ".join(port.role for port in spec.inputs if port is not spec.picture)
            raise ContractError(
                f"{spec.name} needs {others}; the engine feeds planes and controls only", hint="update ganfx"
            )
        given = {tensor.name: tensor for tensor in session.get_inputs()}
        controls = tuple(_control(given.pop(control.name, None), control.name, spec) for control in spec.controls)
        picture = _port(spec.planes, list(given.values()), "input", spec)
        result = _port(spec.outputs[0], session.get_outputs(), "output", spec)
        if len(given) != 1:
            names = ", ".join(sorted(set(given) - {picture.name}))
            raise ContractError(f"{spec.name} breaks its own contract: it does not tell of the inputs {names}")
        return cls(picture, controls, result)


def _port(port: Port, tensors: Sequence[Any], what: str, spec: ModelSpec) -> Any:
    found = [tensor for tensor in tensors if port.name in ("", tensor.name)]
    if not found:
        raise ContractError(f"{spec.name} breaks its own contract: its graph has no {what} {port.name!r}")
    tensor = found[0]
    if tensor.type not in FLOATS or len(tensor.shape) != 4:
        raise ContractError(f"{spec.name} breaks its own contract: {tensor.name} is not a float tensor (N, C, H, W)")
    channels = tensor.shape[1]
    if isinstance(channels, int) and channels != port.channels:
        verb = "takes" if what == "input" else "gives"
        raise ContractError(
            f"{spec.name} breaks its own contract: it says {port.channels} channels, its graph {verb} {channels}"
        )
    return tensor


def _control(tensor: Any, name: str, spec: ModelSpec) -> Any:
    if tensor is None:
        raise ContractError(f"{spec.name} breaks its own contract: its graph has no input for the control {name}")
    if tensor.type not in FLOATS or len(tensor.shape) > 1 or any(isinstance(n, int) and n != 1 for n in tensor.shape):
        raise ContractError(f"{spec.name} breaks its own contract: the input of the control {name} is no float scalar")
    return tensor
