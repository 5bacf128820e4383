"""Checkpoints of upscalers that only torch knows: rebuilt as networks, and exported like those trained here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from ganfx.errors import ContractError
from ganfx.spec import ModelSpec
from ganfx.text import printable

from . import spandrel_nets
from .export import export_generator
from .receptive_field import receptive_field


def convert_state(
    state: Mapping[str, NDArray[Any]], out: Path, *, name: str, license: str = "unknown", source: str = ""
) -> ModelSpec:
    """Write the upscaler with the weights `state` to the ONNX file `out`, verified against torch, weights fp32.

    source is the name of the file that it came in. Returns the contract written. Raises ContractError where the network
    is unknown, and ExportError where it cannot be converted.
    """
    tensors = {key: torch.from_numpy(value) for key, value in state.items()}
    tensors = {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    try:
        network, spec = spandrel_nets.build(tensors)
    except RuntimeError as error:
        raise ContractError("the weights do not fit the network they are named after") from error
    spec = dataclasses.replace(
        spec,
        name=name,
        license=license,
        receptive_field=receptive_field(network, spec),
        description=printable(f"{spec.description}, imported from {source}"),
    )
    return export_generator(network, spec, out, stored="fp32").spec
