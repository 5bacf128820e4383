"""Methods to compare: networks run by the engine, and baselines."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from ganfx.engine import Engine, EngineOptions, open_engine
from ganfx.errors import OptionError
from ganfx.hub import find_model
from ganfx.imaging.picture import Floats

_WEIGHT_TYPES = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.BFLOAT16,
    onnx.TensorProto.DOUBLE,
    onnx.TensorProto.INT8,
    onnx.TensorProto.UINT8,
)


@dataclass(frozen=True)
class Method:
    """One way to do the work: `run` takes the task's input, arrays in [0, 1], to the output picture (H, W, 3).

    parameters is None, and device empty, where there is no network. trained_with names the pretrained networks in the
    losses of its training, None for a method without training.
    """

    name: str
    run: Callable[..., Floats]
    parameters: int | None = None
    device: str = ""
    trained_with: str | None = None

    def timed(self, *inputs: Floats) -> tuple[Floats, float]:
        """The result, and the seconds that it took."""
        start = time.perf_counter()
        output = self.run(*inputs)
        return output, time.perf_counter() - start


@dataclass(frozen=True)
class OpenedModel:
    """A network to compare, opened."""

    path: Path
    engine: Engine

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def trained_with(self) -> str:
        """The pretrained networks in the losses of its training."""
        return str(self.engine.spec.training.get("features", "not recorded"))

    def method(self, run: Callable[..., Floats], *, name: str = "", cleaner: OpenedModel | None = None) -> Method:
        """The network as the method `name` that works by `run`, where `cleaner` may go first."""
        trained_with = f"{self.trained_with}; {cleaner.name}: {cleaner.trained_with}" if cleaner else self.trained_with
        return Method(name or self.name, run, count_parameters(self.path), self.engine.device, trained_with)


def open_models(
    models: Sequence[str | Path],
    options: EngineOptions,
    *,
    task: str | None = None,
    baselines: Sequence[str] = (),
) -> list[OpenedModel]:
    """The networks, by name or path, in their order, each for `task` where it is given.

    Raises OptionError where there is none, or two methods, `baselines` among them, have one name.
    """
    paths = [find_model(str(model), task=task) for model in models]
    if not paths:
        raise OptionError("no model to evaluate", hint="name one, or give the path of an .onnx file")
    names = [*baselines, *(path.stem for path in paths)]
    for name in names:
        if names.count(name) > 1:
            raise OptionError(f"two methods are called {name!r}", hint="rename one of the files")
    return [OpenedModel(path, open_engine(path, options)) for path in paths]


def common_scale(models: Sequence[OpenedModel]) -> int:
    """The scale that all models share. Raises OptionError where they do not."""
    scales = {model.name: model.engine.spec.scale for model in models}
    if len(set(scales.values())) > 1:
        listed = ", ".join(f"{name} x{scale}" for name, scale in scales.items())
        raise OptionError(f"the models enlarge differently: {listed}", hint="compare those of one scale")
    return models[0].engine.spec.scale


def devices(methods: Sequence[Method]) -> str:
    """The devices that run the networks, each once."""
    return ", ".join(dict.fromkeys(one.device for one in methods if one.device))


def count_parameters(path: Path) -> int:
    """The number of weights in the graph, in initializers and constants."""
    graph = onnx.load(path, load_external_data=False).graph
    constants = [node.attribute for node in graph.node if node.op_type == "Constant"]
    tensors = [*graph.initializer, *(one.t for attributes in constants for one in attributes if one.name == "value")]
    return sum(math.prod(one.dims) for one in tensors if one.dims and one.data_type in _WEIGHT_TYPES)
