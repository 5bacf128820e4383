"""Checkpoints of networks that only torch knows: rebuilt by spandrel, and written as ONNX."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray

from ganfx.errors import ContractError, GanfxError
from ganfx.spec import ModelSpec

from . import spandrel_nets
from .tracing import verified_graph

if TYPE_CHECKING:
    from onnx import ModelProto


def convert_state(state: Mapping[str, NDArray[Any]]) -> tuple[ModelProto, ModelSpec]:
    """The network with the weights `state` as a graph that was compared with torch, and what is known of it.

    The graph maps RGB in [0, 1] to RGB in [0, 1]. Raises ContractError where the network is unknown or no filter of
    pictures, and ExportError where it cannot be written.
    """
    tensors = {key: torch.from_numpy(value) for key, value in state.items()}
    tensors = {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    try:
        network, spec = spandrel_nets.build(tensors)
    except GanfxError:
        raise
    except Exception as error:  # whatever those come upon who read settings from the shapes of weights
        raise ContractError("the weights do not fit the network they are named after") from error
    model, multiple = verified_graph(network, spec)
    least = -(-spec.min_size // multiple) * multiple
    return model, dataclasses.replace(spec, multiple_of=multiple, min_size=least)
