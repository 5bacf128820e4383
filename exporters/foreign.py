"""Importing PyTorch checkpoints of upscalers: rebuilt as networks, and exported like those trained here."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ganfx.errors import ContractError
from ganfx.spec import ModelSpec
from ganfx.text import printable

from . import spandrel_nets, srgan
from .checkpoint import State, read_state
from .export import export_generator
from .receptive_field import receptive_field

# spandrel comes last: its `recognizes` accepts every checkpoint.
FAMILIES = (srgan, spandrel_nets)


def import_checkpoint(path: Path, out: Path, *, name: str | None = None, license: str = "unknown") -> ModelSpec:
    """Convert the upscaler in the checkpoint `path` to the ONNX file `out`, verified against torch, weights fp32.

    Returns the contract written. Raises ContractError where the checkpoint is damaged, holds more than weights or
    an unknown network, and ExportError where the network cannot be converted.
    """
    state: State = {
        key: value.float() if value.is_floating_point() else value for key, value in read_state(path).items()
    }
    family = next(family for family in FAMILIES if family.recognizes(state))
    try:
        network, spec = family.build(state)
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", hint=error.hint) from error
    except RuntimeError as error:
        raise ContractError(f"{path}: the weights do not fit the network they are named after") from error
    spec = dataclasses.replace(
        spec,
        name=name or out.stem,
        license=license,
        receptive_field=receptive_field(network, spec),
        description=printable(f"{spec.description}, imported from {path.name}"),
    )
    return export_generator(network, spec, out, stored="fp32").spec
