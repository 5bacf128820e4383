"""Learning to clean: wear as people have it, the networks, and runs as a user has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch

from ganfx.training.cleaner import FULL_STRENGTH, Cleaner
from ganfx.training.degradations import sensor_noise
from ganfx.training.level import LevelEstimator
from ganfx.training.recipe import load_recipe
from ganfx.training.wear import MARGIN, Wear, strength_of, wear, worn_pair
from tests.training.runs import EXACT, STAGES, channels, train_mine

pytestmark = pytest.mark.slow

SETTINGS = {
    "noise": (25.0, 25.0),
    "quality": (20.0, 20.0),
    "worn_blur": (0.4, 1.0),
    "worn_resize": (1.0, 1.6),
    "worn_noise": (4.0, 22.0),
    "worn_quality": (40.0, 80.0),
}


def scene(count: int = 4, side: int = 128) -> torch.Tensor:
    torch.manual_seed(5)
    rough = torch.rand(count, 3, side // 8, side // 8)
    return torch.nn.functional.interpolate(rough, scale_factor=8.0, mode="bicubic").clamp(0.1, 0.9)


@pytest.mark.parametrize(("kind", "least", "most"), [("noisy", 20, 30), ("compressed", 1, 20), ("worn", 2, 30)])
def test_each_kind_of_wear_is_as_strong_as_it_is_meant(kind: str, least: float, most: float) -> None:
    shares = dict.fromkeys(("noisy", "compressed", "worn"), 0.0) | {kind: 1.0}
    picture = scene()
    seen, soft = wear(picture, Wear(**shares, **SETTINGS))
    assert seen.shape == picture.shape
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert torch.allclose(seen * 255, (seen * 255).round(), atol=1e-3)
    assert torch.equal(soft, picture) == (kind != "worn")
    levels = strength_of(seen, soft) * FULL_STRENGTH * 255
    assert levels.min() > least
    assert levels.max() < most


def test_what_is_left_of_the_shares_is_clean_and_has_strength_zero() -> None:
    settings = Wear(noisy=0.25, compressed=0.25, worn=0.25, **SETTINGS)
    seen, clean, strength = worn_pair((scene(side=128) * 255).round() / 255, settings)
    assert seen.shape[-1] == 128 - MARGIN
    assert torch.equal(seen[3], clean[3])
    assert strength[3] == 0
    assert (strength[:3] > 0).all()


def test_noise_of_every_kind_has_its_sigma() -> None:
    torch.manual_seed(0)
    grey = torch.full((64, 3, 64, 64), 0.5)
    sigmas = (sensor_noise(grey, torch.full((64,), 20.0)) - grey).std((1, 2, 3)) * 255
    assert (sigmas - 20).abs().max() < 2


def test_the_cleaner_begins_as_the_identity_and_takes_a_strength_for_each_picture() -> None:
    torch.manual_seed(0)
    network, picture = Cleaner([8, 16], [1, 1]), scene(2, 64)
    strengths = torch.tensor([0.1, 0.9])
    both = network(picture, strengths)
    assert (both - picture).abs().mean() < 0.1
    for index in range(2):
        alone = network(picture[index : index + 1], strengths[index : index + 1])
        assert torch.allclose(both[index], alone[0], atol=1e-5)
    assert not torch.allclose(network(picture, strengths.flip(0)), both)


def test_what_the_cleaner_makes_of_a_place_depends_on_its_receptive_field_alone() -> None:
    torch.manual_seed(0)
    network, picture, strength = Cleaner([8, 8], [1, 1]), scene(1, 256), torch.tensor([0.5])
    other = picture.clone()
    other[..., :, 128 + network.unet.receptive_field :] = 0
    assert torch.allclose(network(picture, strength)[..., :128], network(other, strength)[..., :128], atol=1e-6)
    other[..., :, 130:] = 0
    assert not torch.allclose(network(picture, strength)[..., :128], network(other, strength)[..., :128], atol=1e-6)


def test_the_estimate_is_one_number_for_the_picture() -> None:
    torch.manual_seed(0)
    level = LevelEstimator(8, 8, certain=0.01)(scene(2, 64))
    assert level.shape == (2, 1, 64, 64)
    assert torch.equal(level, level[:, :, :1, :1].expand_as(level))
    assert not torch.equal(level[0], level[1])


def test_what_may_be_clean_gets_no_strength_at_all() -> None:
    torch.manual_seed(0)
    estimator, pictures = LevelEstimator(8, 8, certain=0.9), scene(2, 64)
    strength, damaged = estimator.judge(pictures)
    assert (damaged < estimator.least).all()
    assert strength.abs().min() > 0
    assert torch.equal(estimator(pictures), torch.zeros(2, 1, 64, 64))


@pytest.mark.parametrize("name", ["photo-clean", "photo-level"])
def test_shipped_recipes_stay_within_their_size(name: str) -> None:
    recipe = load_recipe(name)
    network = (Cleaner if recipe.filter == "clean" else LevelEstimator)(**recipe.generator)
    assert sum(parameter.numel() for parameter in network.parameters()) <= 600_000


TINY = f"""
name = "tiny"
filter = "clean"
{EXACT}
[generator]
widths = [8, 8]
blocks = [1, 1]
{STAGES}
[settings]
noisy = 0.5
compressed = 0.25
worn = 0.25
noise = [1, 50]
quality = [10, 90]
worn_blur = [0.3, 1.0]
worn_resize = [1.0, 1.5]
worn_noise = [1, 20]
worn_quality = [30, 90]
"""
TINY_LEVEL = TINY.replace('"clean"', '"level"').replace(
    "widths = [8, 8]\nblocks = [1, 1]", "channels = 4\nhidden = 4\ncertain = 0.5"
)


@pytest.mark.parametrize(
    ("filter", "recipe", "ends"), [("clean", TINY, (3, 3)), ("level", TINY_LEVEL, (3, 1))], ids=["clean", "level"]
)
def test_a_trained_network_is_at_once_a_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filter: str, recipe: str, ends: tuple[int, int]
) -> None:
    monkeypatch.setenv("GANFX_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("GANFX_FEATURES", raising=False)
    photos = tmp_path / "photos"
    photos.mkdir()
    pixels = (scene(1, 256)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").write_to_file(str(photos / "a.png"))
    said, graph = train_mine(tmp_path, filter, recipe, photos, 0.07)
    assert f"ganfx {'clean -n mine' if filter == 'clean' else 'models list level'}" in said
    assert channels(graph) == ends
    assert [given.name for given in graph.input][1:] == (["strength"] if filter == "clean" else [])
