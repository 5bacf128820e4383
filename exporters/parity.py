"""Does the ONNX file compute what the torch network does?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from ganfx.engine.providers import quiet_options, runtime
from ganfx.errors import ExportError
from ganfx.spec import ModelSpec, SelfTest

from .graph import INPUT, first_line

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto

    Floats = NDArray[np.float32]
    Run = Callable[[Floats], Floats]

SEED = 20
SMALLEST_SIDE = 24


def runner(model: ModelProto) -> Run:
    """A function that runs `model` on the CPU provider. Raises ExportError where onnxruntime refuses the graph."""
    try:
        session = runtime().InferenceSession(
            model.SerializeToString(), quiet_options(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's classes share no public base
        raise ExportError(f"onnxruntime refuses the exported graph: {first_line(error)}") from error
    return lambda batch: np.asarray(session.run(None, {INPUT: batch})[0], np.float32)


def samples(spec: ModelSpec) -> list[Floats]:
    """Noise in the network's range at two sizes, one of them a batch of two."""
    unit = spec.multiple_of
    side = -(-max(SMALLEST_SIDE, spec.min_size) // unit) * unit
    longer = side + unit * -(-10 // unit)
    black, white = spec.value_range
    random = np.random.default_rng(SEED)
    shapes = [(2, spec.in_channels, side, longer), (1, spec.in_channels, longer, side)]
    return [black + (white - black) * random.random(shape, np.float32) for shape in shapes]


def torch_runner(network: nn.Module) -> Run:
    """A function that runs `network` as it is. It raises ExportError where the network takes no such size."""

    def run(batch: Floats) -> Floats:
        try:
            with torch.no_grad():
                return np.asarray(network(torch.from_numpy(batch)).numpy(), np.float32)
        except RuntimeError as error:
            count, _, height, width = batch.shape
            raise ExportError(f"the network itself fails at {count} x {width}x{height}: {first_line(error)}") from error

    return run


def max_error(wanted: list[Floats], run: Run, spec: ModelSpec) -> float:
    """The largest difference between `wanted` and what `run` makes of `samples`, as a share of the value range.

    Raises ExportError where an output has another shape than `spec` says, or is not finite.
    """
    black, white = spec.value_range
    worst = 0.0
    for batch, expected in zip(samples(spec), wanted, strict=True):
        got = run(batch)
        count, _, height, width = batch.shape
        shape = (count, spec.out_channels, height * spec.scale, width * spec.scale)
        if got.shape != shape:
            raise ExportError(f"{spec.name}: the output's shape is {got.shape}, its contract says {shape}")
        if not np.isfinite(got).all():
            raise ExportError(f"{spec.name}: the output is not finite")
        worst = max(worst, float(np.abs(got - expected).max()) / (white - black))
    return worst


def self_test(run: Run, spec: ModelSpec) -> SelfTest:
    """What the file that ships makes of a fixed noise picture, for the runtime to check itself against."""
    size = samples(spec)[0].shape[2]
    noise = np.random.default_rng(SEED).random((1, spec.in_channels, size, size), dtype=np.float32)
    output: Any = run(noise).astype(np.float64)
    return SelfTest(SEED, size, round(float(output.mean()), 6), round(float(output.std()), 6))
