"""A run of `ganfx train` as a user has it, in seconds."""

from __future__ import annotations

from pathlib import Path

import onnx
from click.testing import CliRunner
from onnx import GraphProto

from ganfx.cli import cli

# Of a recipe's text: exact steps, and an average of weights that follows at once.
EXACT = """precision = "32-true"
ema = 0.5
clip = 1.0"""
# Such steps of the smallest U-Net.
TINY_UNET = f"""{EXACT}
[generator]
widths = [8, 8]
blocks = [0, 1]"""
# Of a recipe's text: a pixel stage and an adversarial one, both tiny.
STAGES = """
[[stages]]
share = 0.5
batch = 4
patch = 48
generator_rate = 1e-3
[[stages]]
share = 0.5
batch = 4
patch = 64
generator_rate = 1e-4
discriminator_rate = 1e-4
[adversarial]
kind = "patch"
channels = 4
loss = "vanilla"
pixel = 1.0
low_frequency = 0.5
perceptual = 1.0
adversarial = 0.02
"""


def train_mine(
    folder: Path, filter: str, recipe: str, photos: Path, minutes: float, *more: str
) -> tuple[str, GraphProto]:
    """What training a model called "mine" by the text of `recipe` says, and the graph that is registered.

    GANFX_MODELS is to be `folder` / "models"; checkpoints and samples go to `folder` / "run". Checks what holds for all
    kinds: samples were drawn, and any runtime can run the graph.
    """
    written = folder / "tiny.toml"
    written.write_text(recipe)
    arguments = ["train", filter, "--photos", str(photos), "--minutes", str(minutes), "--recipe", str(written)]
    arguments += ["--name", "mine", "--folder", str(folder / "run"), "--device", "cpu", *more]
    said = CliRunner().invoke(cli, arguments, catch_exceptions=False).output
    assert list((folder / "run" / "samples").glob("*.png"))
    graph = onnx.load(folder / "models" / "mine.onnx").graph
    assert all(node.domain in ("", "ai.onnx") for node in graph.node)
    return said, graph


def channels(graph: GraphProto) -> tuple[int, int]:
    """Of the input and the output."""
    given, made = (end.type.tensor_type.shape.dim[1].dim_value for end in (graph.input[0], graph.output[0]))
    return given, made
