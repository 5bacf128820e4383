"""Who takes part: upscaling networks as they are shipped, run by the engine."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from ganfx.engine import EngineOptions, open_engine
from ganfx.errors import ContractError, OptionError
from ganfx.hub import find_model
from ganfx.picture import Floats

BASELINE = "bicubic"

_WEIGHT_TYPES = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.BFLOAT16,
    onnx.TensorProto.DOUBLE,
    onnx.TensorProto.INT8,
    onnx.TensorProto.UINT8,
)


@dataclass(frozen=True)
class Contestant:
    """One way to enlarge: `upscale` takes rgb (H, W, 3) in [0, 1] to (H * scale, W * scale, 3).

    parameters is None, and device empty, where there is no network.
    """

    name: str
    scale: int
    upscale: Callable[[Floats], Floats]
    parameters: int | None = None
    device: str = ""

    def timed(self, low_res: Floats) -> tuple[Floats, float]:
        """The result, and the seconds that it took."""
        start = time.perf_counter()
        output = self.upscale(low_res)
        return output, time.perf_counter() - start


def open_contestants(models: Sequence[str | Path], options: EngineOptions | None) -> list[Contestant]:
    """The networks, by name or path, in their order. Raises OptionError unless names differ and scales agree."""
    contestants = [_open(model, options or EngineOptions()) for model in models]
    if not contestants:
        raise OptionError("no model to evaluate", hint="name one, or give the path of an .onnx file")
    names = [contestant.name for contestant in contestants]
    for name in names:
        if names.count(name) > 1 or name == BASELINE:
            raise OptionError(f"two contestants are called {name!r}", hint="rename one of the files")
    scales = {contestant.name: contestant.scale for contestant in contestants}
    if len(set(scales.values())) > 1:
        listed = ", ".join(f"{name} x{scale}" for name, scale in scales.items())
        raise OptionError(f"the models enlarge differently: {listed}", hint="compare those of one scale")
    return contestants


def _open(model: str | Path, options: EngineOptions) -> Contestant:
    path = find_model(str(model), filter="upscale")
    engine = open_engine(path, options)
    spec = engine.spec
    if (spec.in_channels, spec.out_channels) != (3, 3):
        raise ContractError(
            f"{path.name}: has {spec.in_channels} channels in and {spec.out_channels} out; only RGB is judged"
        )
    return Contestant(path.stem, spec.scale, engine.run, count_parameters(path), engine.device)


def count_parameters(path: Path) -> int:
    """How many weights the graph holds, wherever it holds them."""
    graph = onnx.load(path, load_external_data=False).graph
    constants = [node.attribute for node in graph.node if node.op_type == "Constant"]
    tensors = [*graph.initializer, *(one.t for attributes in constants for one in attributes if one.name == "value")]
    return sum(math.prod(one.dims) for one in tensors if one.dims and one.data_type in _WEIGHT_TYPES)
