"""Comparing the ONNX graph with the torch network, and the self-tests stored in the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from ganfx.engine.drawing import drawing
from ganfx.engine.runtime import quiet_options, runtime
from ganfx.engine.self_test import RunNetwork, encode_pair
from ganfx.engine.tiles import Floats
from ganfx.engine.values import to_planes, value_span
from ganfx.errors import ExportError
from ganfx.spec import ModelSpec, Port, SelfTest, StoredPair

from .graph import first_line

if TYPE_CHECKING:
    from onnx import ModelProto

SEED = 20
SMALLEST_SIDE = 24


def runner(model: ModelProto) -> RunNetwork:
    """A function that runs `model` on the CPU provider. Raises ExportError where onnxruntime refuses the graph."""
    try:
        session = runtime().InferenceSession(
            model.SerializeToString(), quiet_options(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's classes share no public base
        raise ExportError(f"onnxruntime refuses the exported graph: {first_line(error)}") from error

    picture = session.get_inputs()[0].name

    def run(batch: Floats, controls: Mapping[str, float]) -> Floats:
        scalars = {name: np.full(1, value, np.float32) for name, value in controls.items()}
        return np.asarray(session.run(None, {picture: batch} | scalars)[0], np.float32)

    return run


def samples(spec: ModelSpec) -> list[tuple[Floats, Mapping[str, float]]]:
    """Noise for the input at two sizes: a batch of two with all controls at their minimum, one at their maximum."""
    unit = spec.multiple_of
    side = -(-max(SMALLEST_SIDE, spec.min_size) // unit) * unit
    longer = side + unit * -(-10 // unit)
    random = np.random.default_rng(SEED)
    least = {control.name: control.minimum for control in spec.controls}
    most = {control.name: control.maximum for control in spec.controls}
    shapes = [((2, side, longer, spec.in_channels), least), ((1, longer, side, spec.in_channels), most)]
    return [(_batch(random.random(shape, np.float32), spec.inputs[0]), controls) for shape, controls in shapes]


def _batch(pictures: Floats, port: Port) -> Floats:
    return np.stack([to_planes(picture, port) for picture in pictures])


def torch_runner(network: nn.Module) -> RunNetwork:
    """A function that runs `network`. It raises ExportError where the network fails at the size."""

    def run(batch: Floats, controls: Mapping[str, float]) -> Floats:
        scalars = [torch.full((1,), value) for value in controls.values()]
        try:
            with torch.no_grad():
                return np.asarray(network(torch.from_numpy(batch), *scalars).numpy(), np.float32)
        except RuntimeError as error:
            count, _, height, width = batch.shape
            raise ExportError(f"the network itself fails at {count} x {width}x{height}: {first_line(error)}") from error

    return run


def max_error(wanted: list[Floats], run: RunNetwork, spec: ModelSpec) -> float:
    """The largest difference between `wanted` and the output of `run` for `samples`, as a share of the value range.

    Raises ExportError where an output has another shape than `spec` says, or is not finite.
    """
    span = value_span(spec.outputs[0])
    worst = 0.0
    for (batch, controls), expected in zip(samples(spec), wanted, strict=True):
        got = run(batch, controls)
        count, _, height, width = batch.shape
        shape = (count, spec.out_channels, height * spec.scale, width * spec.scale)
        if got.shape != shape:
            raise ExportError(f"{spec.name}: the output's shape is {got.shape}, its contract says {shape}")
        if not np.isfinite(got).all():
            raise ExportError(f"{spec.name}: the output is not finite")
        worst = max(worst, float(np.abs(got - expected).max()) / span)
    return worst


def self_test(run: RunNetwork, spec: ModelSpec) -> SelfTest:
    """Statistics of the output of `run` for a fixed noise picture, controls at their defaults."""
    size = samples(spec)[0][0].shape[2]
    noise = np.random.default_rng(SEED).random((1, spec.in_channels, size, size), dtype=np.float32)
    output: Any = run(noise, spec.control_values()).astype(np.float64)
    return SelfTest(SEED, size, round(float(output.mean()), 6), round(float(output.std()), 6))


def stored_pair(run: RunNetwork, spec: ModelSpec) -> tuple[StoredPair, str]:
    """A small synthetic picture with the output of `run`: its description, and the text to store under its key."""
    side = samples(spec)[0][0].shape[2]
    batch = _batch(drawing(side, side, spec.in_channels)[None], spec.inputs[0]).astype(np.float16).astype(np.float32)
    output = run(batch, spec.control_values())
    return StoredPair("ganfx.pair.0", side, side), encode_pair(batch[0], output[0])
