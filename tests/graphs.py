"""Tiny ONNX networks with exactly known behavior, written to a file each; every function returns its path."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ganfx.spec import KEY, Control, ModelSpec
from ganfx.textures.latents import CELL, PLANES, STYLE_PLANES

Weights = dict[str, NDArray[np.generic]]
DYNAMIC = ("batch", "height", "width")
HALF_LARGEST = 65504


def write(
    path: Path,
    nodes: Sequence[NodeProto],
    weights: Weights | None = None,
    *,
    spec: ModelSpec | None = None,
    channels: int = 3,
    out_channels: int | None = None,
    size: tuple[int | str, ...] = DYNAMIC,
    kind: int = TensorProto.FLOAT,
    domain: str = "",
) -> Path:
    """Save the graph from `input` (N, channels, H, W) to `output`, with `spec` as its contract."""
    count, height, width = size
    out_size = ("out_height", "out_width") if size == DYNAMIC else (None, None)
    given = helper.make_tensor_value_info("input", kind, [count, channels, height, width])
    made = helper.make_tensor_value_info("output", kind, [count, out_channels or channels, *out_size])
    stored = [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()]
    graph = helper.make_graph(list(nodes), "tiny", [given], [made], stored)
    domains = [helper.make_opsetid("", 18), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(graph, opset_imports=domains, ir_version=8)
    if spec:
        model.metadata_props.add(key=KEY, value=spec.to_json())
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def identity(path: Path, spec: ModelSpec | None = None, **shape: object) -> Path:
    """The output is the input."""
    return write(path, [helper.make_node("Identity", ["input"], ["output"])], spec=spec, **shape)  # type: ignore[arg-type]


def last_channels(path: Path, spec: ModelSpec, *, given: int, taken: int) -> Path:
    """The output is the last `taken` of `given` channels."""
    node = helper.make_node("Slice", ["input", "from", "to", "axis"], ["output"])
    bounds = {name: np.array([value]) for name, value in (("from", given - taken), ("to", given), ("axis", 1))}
    return write(path, [node], bounds, spec=spec, channels=given, out_channels=taken)


def nearest(path: Path, scale: int = 4, spec: ModelSpec | None = None) -> Path:
    """Each pixel becomes scale x scale pixels."""
    node = helper.make_node(
        "Resize",
        ["input", "", "scales"],
        ["output"],
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )
    return write(path, [node], {"scales": np.array([1, 1, scale, scale], np.float32)}, spec=spec)


def generator(path: Path) -> Path:
    """Cells of one color each: red is the fine style, green and blue are noise."""
    chosen = np.zeros((3, PLANES, 1, 1), np.float32)
    chosen[(0, 1, 2), (2 * STYLE_PLANES, PLANES - 2, PLANES - 1)] = 1
    nodes = [
        helper.make_node("Conv", ["input", "chosen"], ["colors"]),
        helper.make_node(
            "Resize",
            ["colors", "", "scales"],
            ["output"],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
    ]
    weights: Weights = {"chosen": chosen, "scales": np.array([1, 1, CELL, CELL], np.float32)}
    spec = ModelSpec.of_picture(path.stem, "texture", CELL, in_channels=PLANES, role="latent", receptive_field=0)
    return write(path, nodes, weights, spec=spec, channels=PLANES, out_channels=3)


def darkened(path: Path, gain: float) -> Path:
    """The network at `path` with its output times `gain`."""
    model = onnx.load(path)
    model.graph.node[-1].output[0] = "light"
    model.graph.node.append(helper.make_node("Mul", ["light", "gain"], ["output"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array(gain, np.float32), "gain"))
    onnx.save(model, path)
    return path


def convolutions(
    path: Path, layers: int, scale: int = 1, width: int = 8, seed: int = 0, spec: ModelSpec | None = None
) -> Path:
    """Random 3x3 convolutions with ReLU between: each output pixel sees `layers` input pixels to every side."""
    random = np.random.default_rng(seed)
    sizes = [3, *[width] * (layers - 1), 3 * scale**2]
    weights: Weights = {}
    nodes, name = [], "input"
    for i, (inside, outside) in enumerate(itertools.pairwise(sizes)):
        kernel = random.normal(0, np.sqrt(2 / (9 * inside)), (outside, inside, 3, 3))
        weights[f"w{i}"] = kernel.astype(np.float32)
        nodes.append(helper.make_node("Conv", [name, f"w{i}"], [f"c{i}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"]))
        name = f"r{i}"
    nodes[-1] = helper.make_node("DepthToSpace", [f"c{layers - 1}"], ["output"], blocksize=scale, mode="CRD")
    spec = spec or ModelSpec(name="convolutions", task="upscale", scale=scale, receptive_field=layers)
    return write(path, nodes, weights, spec=spec)


def overflowing(path: Path) -> Path:
    """The identity on a range of values that fp16 holds only where the picture is dark."""
    spec = ModelSpec.of_picture("hot", "upscale", value_range=(0.0, 4.0 * HALF_LARGEST), receptive_field=2)
    return identity(path, spec)


def by_twos(path: Path, spec: ModelSpec | None = None) -> Path:
    """The identity through half the resolution: even sizes only, and only even tile positions give the same."""
    nodes = [
        helper.make_node("SpaceToDepth", ["input"], ["small"], blocksize=2),
        helper.make_node("Mul", ["small", "gains"], ["gained"]),
        helper.make_node("DepthToSpace", ["gained"], ["output"], blocksize=2),
    ]
    gains = np.linspace(0.5, 1, 12, dtype=np.float32).reshape(1, 12, 1, 1)
    return write(path, nodes, {"gains": gains}, spec=spec)


def controlled(path: Path, spec: ModelSpec | None = None, *, scalar: bool = False, name: str = "strength") -> Path:
    """The output is the input times the control `strength`, an input of shape [1], or of none where `scalar`."""
    strength = Control("strength", 0.0, 2.0, 0.5, help="how bright")
    spec = spec or ModelSpec("controlled", "stylize", receptive_field=0, controls=(strength,))
    write(path, [helper.make_node("Mul", ["input", name], ["output"])], spec=spec)
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [] if scalar else [1]))
    onnx.save(model, path)
    return path


def two_inputs(path: Path) -> Path:
    """The sum of `input` and a second picture."""
    write(path, [helper.make_node("Add", ["input", "other"], ["output"])])
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, [1, 3, None, None]))
    onnx.save(model, path)
    return path


def unknown_operator(path: Path) -> Path:
    """One operator of a domain that no onnxruntime has."""
    node = helper.make_node("Embellish", ["input"], ["output"], domain="org.example")
    return write(path, [node], domain="org.example")


def without_its_weights(path: Path) -> Path:
    """A model whose weights lay in a second file, which is gone."""
    convolutions(path, layers=2, width=64)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location=path.name + ".data", size_threshold=0)
    path.with_name(path.name + ".data").unlink()
    return path


def constant_fill(path: Path, color: tuple[float, float, float], filter: str = "inpaint") -> Path:
    """For retouching: whatever the picture and the mask, the output is one color."""
    node = helper.make_node("Conv", ["input", "zeros", "color"], ["output"])
    weights = {"zeros": np.zeros((3, 4, 1, 1), np.float32), "color": np.array(color, np.float32)}
    spec = ModelSpec.of_picture("constant", filter, in_channels=4, out_channels=3, receptive_field=0)
    return write(path, [node], weights, spec=spec, channels=4, out_channels=3)


def brightness(path: Path, filter: str = "scratches") -> Path:
    """For finding and estimating: the red channel is how likely each pixel is damage, or how worn it is."""
    node = helper.make_node("Conv", ["input", "red"], ["output"])
    weights = {"red": np.array([1, 0, 0], np.float32).reshape(1, 3, 1, 1)}
    spec = ModelSpec.of_picture("brightness", filter, out_channels=1, receptive_field=0)
    return write(path, [node], weights, spec=spec, out_channels=1)


def always(path: Path, probability: float) -> Path:
    """For finding: each pixel is as likely damage, whatever the picture."""
    node = helper.make_node("Conv", ["input", "zeros", "bias"], ["output"])
    weights = {"zeros": np.zeros((1, 3, 1, 1), np.float32), "bias": np.array([probability], np.float32)}
    spec = ModelSpec.of_picture(f"always-{probability:g}", "scratches", out_channels=1, receptive_field=0)
    return write(path, [node], weights, spec=spec, out_channels=1)


def one_color(path: Path, chroma: tuple[float, float]) -> Path:
    """For colorizing: the same a* and b* everywhere, whatever the picture."""
    node = helper.make_node("Conv", ["input", "zeros", "color"], ["output"])
    coded = (np.array(chroma, np.float32) + 128) / 255
    weights = {"zeros": np.zeros((2, 1, 1, 1), np.float32), "color": coded.astype(np.float32)}
    spec = ModelSpec.of_picture("one-color", "colorize", in_channels=1, out_channels=2, receptive_field=0)
    return write(path, [node], weights, spec=spec, channels=1, out_channels=2)


def negative(path: Path) -> Path:
    """For styles: every color becomes its opposite."""
    node = helper.make_node("Sub", ["white", "input"], ["output"])
    spec = ModelSpec("negative", "stylize", receptive_field=0)
    return write(path, [node], {"white": np.array(1, np.float32)}, spec=spec)
