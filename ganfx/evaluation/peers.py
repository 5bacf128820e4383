"""What else runs the weights of an upscaler on the processor, in fp32: programs to compare the engine with."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ganfx.engine.tiles import Floats
from ganfx.errors import InferenceError, OptionError, TrainingError
from ganfx.evaluation.plain_script import RunTile
from ganfx.exporters.weights import generator_state
from ganfx.spec import ModelSpec
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.recipe import load_recipe

# Heights and widths of two pictures: from what differs a converter learns which sizes are open.
_SIZES = ((128, 128), (96, 160))


@dataclass(frozen=True)
class Peer:
    """Another program.

    packages are those of Python that it needs. open takes the network in torch and as an ONNX file, and the seconds
    that it has; it raises TimeoutError beyond them.
    """

    name: str
    packages: tuple[str, ...]
    open: Callable[[nn.Module, Path, float], RunTile]

    @property
    def is_installed(self) -> bool:
        return all(importlib.util.find_spec(package) for package in self.packages)


def open_peers(path: Path, spec: ModelSpec, limit_s: float = math.inf) -> dict[str, RunTile | None]:
    """The upscaler in the ONNX file `path`, which ganfx trained, in each of `PEERS` that is installed, by its name.

    None where opening takes a peer more than `limit_s` seconds. All use as many threads as torch. Raises OptionError
    for any other model, InferenceError where one cannot be opened.
    """
    network = _trained_network(path, spec)
    return {peer.name: _opened(peer, network, path, limit_s) for peer in PEERS if peer.is_installed}


def _opened(peer: Peer, network: nn.Module, path: Path, limit_s: float) -> RunTile | None:
    try:
        return peer.open(network, path, limit_s)
    except TimeoutError:
        return None


def _trained_network(path: Path, spec: ModelSpec) -> nn.Module:
    try:
        recipe = load_recipe(str(spec.training.get("recipe")))
        network = ResidualUpscaler(recipe.scale, **recipe.generator)
        network.load_state_dict(generator_state(path))
    except (TrainingError, RuntimeError, TypeError) as error:
        raise OptionError(f"{spec.name} is no upscaler that ganfx trained", hint="compare another") from error
    return network.eval()


def _torch(network: nn.Module, path: Path, limit_s: float) -> RunTile:
    @torch.inference_mode()
    def run(tile: Floats) -> Floats:
        made: Floats = network(torch.from_numpy(tile)).numpy()
        return made

    return run


def _openvino(network: nn.Module, path: Path, limit_s: float) -> RunTile:
    import openvino

    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = openvino.Core().compile_model(path, "CPU", settings | {"PERFORMANCE_HINT": "LATENCY"})
    return lambda tile: np.asarray(compiled(tile)[0])


def _ncnn(network: nn.Module, path: Path, limit_s: float) -> RunTile:
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = torch.get_num_threads()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    with tempfile.TemporaryDirectory(prefix="ganfx-bench-") as folder:
        files = _converted(network, Path(folder), limit_s)
        if net.load_param(f"{files}.param") or net.load_model(f"{files}.bin"):
            raise InferenceError(f"ncnn does not read what pnnx made of {path.name}")

    def run(tile: Floats) -> Floats:
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(tile[0]))
        return np.array(extractor.extract("out0")[1])[None]

    return run


def _converted(network: nn.Module, folder: Path, limit_s: float) -> str:
    """`network` as files of ncnn in `folder`; their name without its end. Raises InferenceError, TimeoutError."""
    import pnnx

    tiles = [torch.zeros(1, 3, *size) for size in _SIZES]
    torch.jit.trace(network, tiles[0]).save(str(folder / "network.pt"))  # type: ignore[no-untyped-call]
    sizes = (
        f"inputshape{mark}=[1,3,{height},{width}]" for mark, (height, width) in zip(("", "2"), _SIZES, strict=True)
    )
    command = [pnnx.EXEC_PATH, "network.pt", *sizes, "fp16=0"]
    try:
        seconds = limit_s if math.isfinite(limit_s) else None
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    if done.returncode:
        raise InferenceError("pnnx does not convert the network to ncnn", hint="compare without: pip uninstall pnnx")
    return str(folder / "network.ncnn")


PEERS = (
    Peer("torch", ("torch",), _torch),
    Peer("openvino", ("openvino",), _openvino),
    Peer("ncnn", ("ncnn", "pnnx"), _ncnn),
)
