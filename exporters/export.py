"""Exporting a trained generator to one verified ONNX file with its contract inside."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from ganfx.engine.tiles import Floats
from ganfx.errors import ExportError
from ganfx.spec import ModelSpec

from . import graph, parity, precision
from .store import write_model

if TYPE_CHECKING:
    from onnx import ModelProto

Stored = Literal["fp16", "fp32"]
ERROR_FP32 = 1e-4
ERROR_FP16 = 1 / 255


@dataclass(frozen=True)
class ExportReport:
    """What was written."""

    path: Path
    """The ONNX file."""
    spec: ModelSpec
    """The contract in it."""
    stored: Stored
    """The type that the weights are stored in; they are computed with in fp32."""
    max_error_fp32: float
    """Largest difference from torch with fp32 weights, as a share of the value range."""
    max_error_stored: float
    """The same with the weights as they are stored."""
    parameters: int
    """Number of the network's parameters."""
    size_bytes: int
    """Size of the file."""


def export_generator(network: nn.Module, spec: ModelSpec, path: Path, *, stored: Stored | None = None) -> ExportReport:
    """Write `network` to `path` as ONNX with `spec` and a self-test inside, after comparing it with torch.

    network: (N, in_channels, H, W) as the spec's picture port has it, then one tensor of shape (1,) for each of the
    spec's controls -> (N, out_channels, H * scale, W * scale), on any device; it is left as it is. The same network
    gives the same bytes. stored: None takes fp16 where that is near enough, else fp32. Raises ExportError, leaving
    `path` as it was, where the graph cannot be made or differs from torch by more than 1e-4 (computed from fp32
    weights) or 1/255 (as stored).
    """
    network = copy.deepcopy(network).eval()
    network.to("cpu", torch.float32, memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    inputs = parity.samples(spec)
    torch_run = parity.torch_runner(network)
    wanted = [torch_run(batch, controls) for batch, controls in inputs]
    model = graph.trace(network, torch.from_numpy(inputs[0][0]), spec)
    error_fp32 = _checked(model, wanted, spec, ERROR_FP32, "fp32")
    model, chosen, error_stored = _as_stored(model, wanted, spec, stored, error_fp32)
    run = parity.runner(model)
    pair, text = parity.stored_pair(run, spec)
    spec = dataclasses.replace(spec, self_test=parity.self_test(run, spec), pairs=(pair,))
    size_bytes = write_model(model, spec, path, {pair.key: text})
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return ExportReport(path, spec, chosen, error_fp32, error_stored, parameters, size_bytes)


def _as_stored(
    model: ModelProto, wanted: list[Floats], spec: ModelSpec, stored: Stored | None, error_fp32: float
) -> tuple[ModelProto, Stored, float]:
    """The graph with weights of the type `stored`, that type, and its error; None takes fp16 where it may be."""
    if stored == "fp32":
        return model, "fp32", error_fp32
    halved = precision.store_fp16(model)
    try:
        return halved, "fp16", _checked(halved, wanted, spec, ERROR_FP16, "stored as fp16")
    except ExportError:
        if stored == "fp16":
            raise
        return model, "fp32", error_fp32


def _checked(model: ModelProto, wanted: list[Floats], spec: ModelSpec, limit: float, how: str) -> float:
    error = parity.max_error(wanted, parity.runner(model), spec)
    if error > limit:
        raise ExportError(f"{spec.name}: the ONNX graph ({how}) is {error:.2g} off the network; {limit:.2g} is allowed")
    return error
