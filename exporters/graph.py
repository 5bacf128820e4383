"""Exporting a torch network to a plain ONNX graph with dynamic sizes and reproducible bytes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import onnx
import torch
from torch import Tensor, nn

from ganfx.errors import ExportError

from .padding import pad_channels

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

    from ganfx.spec import ModelSpec

OPSET = 18


def trace(network: nn.Module, sample: Tensor, spec: ModelSpec) -> ModelProto:
    """`network` as a graph with the tensor names of `spec`, whose batch, height and width are free.

    sample (N, C, H, W), N at least 2 and H unlike W; each control of `spec` becomes one more input of shape [1].
    Raises ExportError where the network's sizes are not free,
    or where it needs operators outside the ONNX standard.
    """
    model = _exported(network, sample, spec)
    foreign = {opset.domain for opset in model.opset_import} - {"", "ai.onnx"}
    if foreign or model.functions:
        raise ExportError(f"{spec.name}: the graph needs operators outside ONNX: {', '.join(sorted(foreign))}")
    pad_channels(model)
    _strip(model)
    _name_axes(model.graph.input[0], ("batch", "height", "width"))
    times = "" if spec.scale == 1 else f"{spec.scale}*"
    _name_axes(model.graph.output[0], ("batch", f"{times}height", f"{times}width"))
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # ValidationError and InferenceError share no public base class
        raise ExportError(f"{spec.name}: the exported graph is no valid ONNX: {first_line(error)}") from error
    return model


def _exported(network: nn.Module, sample: Tensor, spec: ModelSpec) -> ModelProto:
    free = dict.fromkeys((0, 2, 3), torch.export.Dim.DYNAMIC)
    controls = [torch.full((1,), control.default) for control in spec.controls]
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network,
                (sample, *controls),
                dynamo=True,
                opset_version=OPSET,
                dynamic_shapes=(free, *({} for _ in controls)),
                input_names=[*(port.name for port in spec.inputs), *(control.name for control in spec.controls)],
                output_names=[port.name for port in spec.outputs],
                verbose=False,
            )
    except Exception as error:  # torch's exporter raises many private classes
        raise ExportError(f"the network cannot be written as ONNX: {first_line(error)}") from error
    assert program is not None
    return program.model_proto


def first_line(error: Exception) -> str:
    """The first line of the message of `error`."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _strip(model: ModelProto) -> None:
    """Drop stack traces, doc strings and inferred shapes: they name source paths and vary between machines."""
    import ganfx

    model.producer_name, model.producer_version = "ganfx", ganfx.__version__
    model.graph.name = "generator"
    del model.graph.value_info[:]
    parts: list[Any] = [model, model.graph, *model.graph.node, *model.graph.initializer]
    for part in (*parts, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"


def _name_axes(value: ValueInfoProto, names: tuple[str, str, str]) -> None:
    for axis, name in zip((0, 2, 3), names, strict=True):
        value.type.tensor_type.shape.dim[axis].dim_param = name
