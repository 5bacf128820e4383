"""Learning to fill holes: the holes, the network and a run as a user has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch
from lightning_fabric import Fabric
from torch.nn import functional as F

from ganfx.training.gan import Gan
from ganfx.training.inpaint import InpaintTask
from ganfx.training.inpainter import Inpainter, push_pull
from ganfx.training.masks import KINDS, draw_masks
from ganfx.training.photos import Photos
from ganfx.training.recipe import load_recipe, recipe_names
from tests.training.runs import STAGES, TINY_UNET, channels, train_mine

pytestmark = pytest.mark.slow

TINY = f"""
name = "tiny-fill"
filter = "inpaint"
{TINY_UNET}
{STAGES}
[settings]
guessed = 0.3
[settings.masks]
scratches = 0.5
huge = 0.5
"""


def scene(height: int = 64, width: int = 96) -> torch.Tensor:
    return torch.rand(1, 3, height // 8, width // 8).repeat_interleave(8, 2).repeat_interleave(8, 3)


def test_push_pull_keeps_what_is_known_and_invents_no_colors() -> None:
    picture = scene()
    known = (torch.rand(1, 1, 64, 96) < 0.2).float()
    smooth = push_pull(picture, known, 4)
    assert torch.allclose(smooth * known, picture * known, atol=1e-4)
    assert smooth.min() >= -1e-4
    assert smooth.max() <= 1 + 1e-4


def test_push_pull_spreads_a_single_known_pixel() -> None:
    known = torch.zeros(1, 1, 64, 64)
    known[..., 20, 30] = 1
    smooth = push_pull(torch.full((1, 3, 64, 64), 0.6), known, 5)
    assert (smooth - 0.6).abs().max() < 0.1


@pytest.mark.parametrize("code", [0.5, 1.0])
def test_the_network_leaves_known_pixels_alone(code: float) -> None:
    torch.manual_seed(0)
    network = Inpainter([8, 16, 16], [1, 1, 1])
    picture, hole = scene(), torch.zeros(1, 1, 64, 96)
    hole[..., 20:40, 30:70] = code
    output = network(torch.cat([picture, hole], 1))
    assert torch.equal(output * (hole == 0), picture * (hole == 0))
    assert not torch.equal(output, picture)


def test_the_color_of_an_unknown_pixel_does_not_matter() -> None:
    torch.manual_seed(0)
    network = Inpainter([8, 16], [0, 1])
    picture, hole = scene(), torch.zeros(1, 1, 64, 96)
    hole[..., 20:40, 30:70] = 1
    blotted = torch.where(hole > 0, 0.0, picture)
    assert torch.equal(network(torch.cat([picture, hole], 1)), network(torch.cat([blotted, hole], 1)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_hole_is_drawn_at_every_size(kind: str) -> None:
    torch.manual_seed(0)
    for side in (48, 256):
        masks = draw_masks(4, side, {kind: 1.0}, torch.device("cpu"))
        assert set(masks.unique().tolist()) == {0.0, 1.0}
        shares = masks.mean((1, 2, 3))
        assert (shares > 0).all()
        assert (shares < 1).all()
        assert not torch.equal(masks[0], masks[1])


@pytest.mark.parametrize("name", recipe_names("inpaint"))
def test_shipped_recipes_stay_within_their_size(name: str) -> None:
    network = Inpainter(**load_recipe(name).generator)
    assert sum(parameter.numel() for parameter in network.parameters()) <= 5_000_000


class Undecided(torch.nn.Module):
    """A discriminator with `planes` planes of logits, all of them 0.5."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.logit = torch.nn.Parameter(torch.full((1, planes, 1, 1), 0.5))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.logit + 0 * F.avg_pool2d(image, 8).mean(1, keepdim=True)


@pytest.mark.parametrize("planes", [1, 4])
def test_a_discriminator_of_several_planes_weighs_as_much_as_one_of_one(tmp_path: Path, planes: int) -> None:
    recipe_file, picture = tmp_path / "tiny.toml", tmp_path / "a.png"
    recipe_file.write_text(TINY.replace("vanilla", "lsgan"))
    pixels = (scene(200, 240)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    pyvips.Image.new_from_array(pixels).write_to_file(str(picture))
    recipe = load_recipe(str(recipe_file))
    task = InpaintTask(recipe, Photos([picture], 96, torch.device("cpu")), None)
    gan = Gan(Fabric(accelerator="cpu"), (task.networks()[0], Undecided(planes)), recipe)
    metrics = task.step(gan, recipe.stages[1], 1e-6)
    assert float(metrics["adversarial"]) == pytest.approx(0.25)
    assert float(metrics["discriminator"]) == pytest.approx(0.5)


def test_a_trained_network_is_at_once_a_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    photos = tmp_path / "photos"
    photos.mkdir()
    pixels = (scene(200, 240)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(photos / "a.png"))
    said, graph = train_mine(tmp_path, "inpaint", TINY, photos, 0.07)
    assert "ganfx inpaint -n mine" in said
    assert channels(graph) == (4, 3)
