"""The networks, the discriminators and the losses between pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from ganfx.errors import TrainingError
from ganfx.training.adversarial import KINDS as GAN_KINDS
from ganfx.training.discriminators import KINDS, PatchesDiscriminator, discriminator
from ganfx.training.features import Lpips
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.losses import low_frequency_loss, shifted
from ganfx.training.recipe import load_recipe, recipe_names


@pytest.mark.parametrize(("scale", "unshuffle"), [(4, 1), (2, 1), (2, 2), (4, 2)])
def test_an_untrained_upscaler_is_close_to_nearest_neighbour(scale: int, unshuffle: int) -> None:
    torch.manual_seed(0)
    network = ResidualUpscaler(scale, channels=16, blocks=1, unshuffle=unshuffle)
    low_res = torch.rand(1, 3, 12, 10)
    nearest = F.interpolate(low_res, scale_factor=scale, mode="nearest")
    assert (network(low_res) - nearest).abs().mean() < 0.5 * nearest.std()
    with torch.no_grad():
        network.tail.weight[:, : -network.head.in_channels] = 0
    assert torch.allclose(network(low_res), nearest, atol=1e-6)


def test_weights_of_a_larger_scale_make_its_result_shrunk() -> None:
    torch.manual_seed(0)
    larger, smaller = (ResidualUpscaler(scale, channels=8, blocks=1) for scale in (4, 2))
    smaller.load_state_dict(smaller.adapted(larger.state_dict()))
    low_res = torch.rand(1, 3, 12, 10)
    assert torch.allclose(smaller(low_res), F.avg_pool2d(larger(low_res), 2), atol=1e-6)
    own = smaller.state_dict()
    assert smaller.adapted(own) is own


@pytest.mark.parametrize("unshuffle", [1, 2])
def test_the_receptive_field_is_as_wide_as_declared(unshuffle: int) -> None:
    network = ResidualUpscaler(2, channels=4, blocks=2, unshuffle=unshuffle)
    size = 8 * network.receptive_field // 2
    low_res = torch.rand(1, 3, 4, size, requires_grad=True)
    middle = size  # in output pixels
    network(low_res)[0, :, :, middle : middle + 2].sum().backward()
    assert low_res.grad is not None
    touched = low_res.grad.abs().sum((0, 1, 2)).nonzero().flatten()
    reach = int(max(size // 2 - touched.min(), touched.max() - size // 2))
    assert reach in (network.receptive_field, network.receptive_field - 1)


@pytest.mark.parametrize("name", recipe_names("upscale"))
def test_shipped_recipes_stay_within_their_size(name: str) -> None:
    recipe = load_recipe(name)
    network = ResidualUpscaler(recipe.scale, **recipe.generator)
    assert sum(parameter.numel() for parameter in network.parameters()) <= 600_000


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_discriminator_learns_to_tell_sharp_from_blurred(kind: str) -> None:
    torch.manual_seed(0)
    network = KINDS[kind](8)
    optimiser = torch.optim.Adam(network.parameters(), 2e-3)
    vanilla = GAN_KINDS["vanilla"]
    for _ in range(40):
        real = torch.rand(4, 3, 32, 32)
        loss = vanilla.real(network(real)).mean() + vanilla.fake(network(F.avg_pool2d(real, 3, 1, 1))).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    real = torch.rand(4, 3, 32, 32)
    assert network(real).mean() > network(F.avg_pool2d(real, 3, 1, 1)).mean()


@pytest.mark.parametrize(("kind", "sees_it"), [("patch", False), ("patch-deviation", True), ("patch-minibatch", True)])
def test_fakes_that_are_all_alike_are_seen_by_comparing_them(kind: str, sees_it: bool) -> None:
    """Pictures of one color each: every single one might be real, a batch of the same ones is not."""
    torch.manual_seed(0)
    network, vanilla = KINDS[kind](8), GAN_KINDS["vanilla"]
    optimiser = torch.optim.Adam(network.parameters(), 2e-3)

    def batches() -> tuple[torch.Tensor, torch.Tensor]:
        many, one = torch.rand(8, 3, 1, 1), torch.rand(1, 3, 1, 1)
        return many.expand(-1, -1, 16, 16), one.expand(8, -1, 16, 16)

    for _ in range(150):
        real, fake = batches()
        loss = vanilla.real(network(real)).mean() + vanilla.fake(network(fake)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        pairs = [[network(batch).mean() for batch in batches()] for _ in range(20)]
    told = sum(float(real > fake) for real, fake in pairs) / len(pairs)
    assert (told > 0.9) == sees_it


def test_a_discriminator_of_no_known_kind_is_refused_and_one_of_features_has_a_stand_in() -> None:
    with pytest.raises(TrainingError, match="no discriminator 'patchy'"):
        discriminator("patchy", 8)
    assert isinstance(discriminator("features", 8), PatchesDiscriminator)


def test_the_low_frequency_guard_sees_color_and_not_texture() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5)
    texture = flat + 0.2 * (torch.arange(32) // 4 % 2 * 2 - 1)
    assert low_frequency_loss(texture, flat, scale=4) < 1e-6
    assert low_frequency_loss(flat + 0.1, flat, scale=4) == pytest.approx(0.1, abs=1e-6)


def test_the_low_frequency_guard_sees_a_grid_that_averages_out() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5)
    grid = flat + 0.2 * (torch.arange(32) % 4 - 1.5)
    assert low_frequency_loss(grid, flat, scale=4) > 0.1


def test_shifting_moves_all_pictures_alike() -> None:
    image = torch.rand(1, 3, 16, 16)
    one, other = shifted((image, image.clone()))
    assert torch.equal(one, other)
    assert min(one.shape[-2:]) >= 13


def test_lpips_is_zero_for_twins_and_grows_with_blur(shared_data: Path) -> None:
    torch.manual_seed(0)
    lpips = Lpips(shared_data / "features")
    image = torch.rand(1, 3, 64, 64)
    little = F.avg_pool2d(image, 3, 1, 1)
    much = F.avg_pool2d(image, 9, 1, 4)
    assert lpips(image, image).item() == pytest.approx(0, abs=1e-6)
    assert 0.01 < lpips(image, little).item() < lpips(image, much).item()
