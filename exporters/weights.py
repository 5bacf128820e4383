"""Reading the weights back from an ONNX file exported here, to continue training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from ganfx.errors import ContractError
from ganfx.spec import KEY

from .padding import padded_channels
from .precision import SUFFIX

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto


def generator_state(path: Path) -> dict[str, Tensor]:
    """The state dict (fp32) of the network that ganfx trained and exported to `path`. Raises ContractError."""
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's errors share no public base
        raise ContractError(f"{path}: not an ONNX model") from error
    state = {name: torch.from_numpy(np.array(values, np.float32)) for name, values in _convolutions(model)}
    if not state or KEY not in {entry.key for entry in model.metadata_props}:
        raise ContractError(f"{path}: not a network that ganfx trains", hint="start from a model that ganfx trained")
    return state


def _convolutions(model: ModelProto) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Weight and bias of each convolution, by name; a bias of zeros is left out of graphs, and put back here."""
    tensors = {tensor.name.removesuffix(SUFFIX): numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    padded = padded_channels(model)
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1] not in tensors:
            continue
        weight = tensors[node.input[1]]
        weight = weight[:, : weight.shape[1] - padded.get(node.input[1], 0)]
        yield node.input[1], weight
        bias = tensors[node.input[2]] if len(node.input) > 2 else np.zeros(len(weight), np.float32)
        yield node.input[1].removesuffix("weight") + "bias", bias
