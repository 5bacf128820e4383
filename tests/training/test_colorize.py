"""Learning to color: the arithmetic of colors, the network, and a run as a user has it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips
import torch
from click.testing import CliRunner

from ganfx.cli import cli
from ganfx.training.colorize import old_lightness
from ganfx.training.colorizer import Colorizer
from ganfx.training.features import SqueezeFeatures
from ganfx.training.lab import lab_of, rgb_of
from ganfx.training.palette import Palette, bin_centres
from ganfx.training.photos import Photos
from ganfx.training.recipe import load_recipe, recipe_names
from tests.training.runs import channels, train_mine

pytestmark = pytest.mark.slow

TINY = """
name = "tiny-color"
filter = "colorize"
precision = "32-true"
ema = 0.5
clip = 1.0
turns = false
[generator]
widths = [8, 8, 8]
blocks = 1
temperature = 0.4
[[stages]]
share = 0.5
batch = 2
patch = 64
generator_rate = 1e-3
[[stages]]
share = 0.5
batch = 2
patch = 64
generator_rate = 1e-4
discriminator_rate = 1e-4
[adversarial]
kind = "patch"
channels = 4
loss = "vanilla"
pixel = 1.0
low_frequency = 0.0
perceptual = 1.0
adversarial = 0.02
[settings]
old = 0.5
rebalance = 0.5
entropy = 1.0
"""


def colors(height: int = 16, width: int = 16) -> torch.Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_lab_is_that_of_everyone_and_comes_back() -> None:
    rgb = colors()
    lab = lab_of(rgb)
    theirs = cv2.cvtColor(rgb[0].permute(1, 2, 0).numpy(), cv2.COLOR_RGB2Lab)
    assert np.abs(lab[0].permute(1, 2, 0).numpy() - theirs).max() < 0.5
    assert torch.allclose(rgb_of(lab), rgb, atol=1e-4)


def test_lab_has_a_gradient_everywhere() -> None:
    lab = torch.zeros(1, 3, 2, 2)
    lab[:, 1:] = torch.tensor([[-90.0, 0.0], [60.0, 110.0]])
    lab.requires_grad_()
    rgb_of(lab).sum().backward()
    assert lab.grad is not None
    assert torch.isfinite(lab.grad).all()


def test_every_color_has_a_bin_near_it() -> None:
    chroma = lab_of(colors(64, 64))[:, 1:].movedim(1, -1).reshape(-1, 2)
    assert torch.cdist(chroma, bin_centres()).min(1).values.max() < 10 * 2**0.5


def test_the_loss_is_least_for_the_true_color() -> None:
    centres = bin_centres()
    palette = Palette(centres)
    chroma = torch.full((1, 2, 4, 4), 20.0)
    true = (centres - 20).norm(dim=1).argmin()
    losses = []
    for guess in (int(true), 0):
        logits = torch.zeros(1, len(centres), 4, 4)
        logits[:, guess] = 5
        losses.append(palette.loss(logits, chroma).item())
    assert losses[0] < losses[1]


def test_rare_colors_weigh_more() -> None:
    palette = Palette(bin_centres())
    surveyed = torch.zeros(1, 2, 20, 20)
    surveyed[0, :, 0, 0] = 60
    palette.rebalance(surveyed, 0.5)
    grey, red = (int((bin_centres() - value).norm(dim=1).argmin()) for value in (0, 60))
    assert palette.weights[red] > 2 * palette.weights[grey]


def test_the_decoded_color_lies_among_the_likely_ones() -> None:
    network = Colorizer([8, 8, 8], 0, 0.4)
    logits = torch.full((1, len(network.centres), 1, 1), -20.0)
    first, second = 10, 11
    logits[:, [first, second]] = 3.0
    middle = (network.centres[first] + network.centres[second]) / 2
    assert torch.allclose(network.chroma(logits).flatten(), middle, atol=0.01)


def test_the_encoder_sees_grey_as_the_features_do() -> None:
    torch.manual_seed(0)
    features, network = SqueezeFeatures(), Colorizer([8, 8, 8], 0, 0.4)
    network.encoder.start_from(features)
    grey = torch.rand(1, 1, 64, 64)
    theirs = features(grey.expand(-1, 3, -1, -1))[0]
    ours = torch.relu(network.encoder.stem(grey - 0.449))
    # Theirs has no border: its first place is our second row and column.
    assert torch.allclose(ours[..., 1:, 1:].mean(), theirs.mean(), rtol=0.1)
    shifted = torch.relu(
        torch.nn.functional.conv2d(grey - 0.449, network.encoder.stem.weight, network.encoder.stem.bias, 2)
    )
    assert torch.allclose(shifted, theirs, atol=1e-4)


def test_old_pictures_differ_and_new_ones_do_not() -> None:
    torch.manual_seed(0)
    rgb = colors(32, 32)
    new = old_lightness(rgb, 0.0)
    assert torch.allclose(new, lab_of(rgb)[:, :1] / 100, atol=1e-3)
    old = old_lightness(rgb, 1.0)
    assert (old - new).abs().mean() > 0.02
    assert old.min() >= 0
    assert old.max() <= 1


@pytest.mark.parametrize("name", recipe_names("colorize"))
def test_shipped_recipes_stay_within_their_size(name: str) -> None:
    network = Colorizer(**load_recipe(name).generator)
    assert sum(parameter.numel() for parameter in network.parameters()) <= 6_000_000


def photo(folder: Path, height: int = 200, width: int = 240) -> None:
    """Dark below, bright above, bands of color."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2] = (120, 180, 250)
    pixels[height // 2 :] = (40, 90, 20)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(folder / "a.png"))


def test_photographs_stay_upright_and_are_shrunk_on_demand(tmp_path: Path) -> None:
    photo(tmp_path, 400, 480)
    photos = Photos([tmp_path], 64, torch.device("cpu"), fit=100, turns=False)
    assert (photos.heights.item(), photos.widths.item()) == (100, 120)
    crops = photos.crops(16, 100)
    assert (crops[:, 2, 0] > crops[:, 2, -1]).all()


def test_a_trained_network_is_at_once_a_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    photos = tmp_path / "photos"
    photos.mkdir()
    photo(photos)
    said, graph = train_mine(tmp_path, "colorize", TINY, photos, 0.1)
    assert "ganfx colorize -n mine" in said
    assert channels(graph) == (1, 2)
    again, _ = train_mine(tmp_path, "colorize", TINY, photos, 0.1, "--start-from", "mine")
    assert "begins with 100% of its weights" in again
    colored = CliRunner().invoke(
        cli, ["colorize", str(photos / "a.png"), "-n", "mine", "-o", str(tmp_path / "out.png")], catch_exceptions=False
    )
    assert colored.exit_code == 0
    assert pyvips.Image.new_from_file(str(tmp_path / "out.png")).bands == 3
