"""Losses of stylizers: style, content, constraints; and the augmentation of the discriminator's input."""

from __future__ import annotations

from pathlib import Path

import torch

from ganfx.training.augment import augmented
from ganfx.training.style_losses import (
    StyleStatistics,
    contrastive_loss,
    edge_loss,
    overshoot_loss,
    shape_loss,
    variation_loss,
)
from ganfx.training.style_rules import find_rule
from ganfx.training.style_rules.oil import oil
from ganfx.training.stylizer import ContrastiveStylizer


def stripes(period: int) -> torch.Tensor:
    bright = (torch.arange(96) // (period // 2) % 2).float()
    noise = 0.05 * torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(period))
    return 0.2 + 0.6 * bright.expand(1, 3, 96, -1) + noise


def test_a_texture_looks_more_like_itself_than_like_another(shared_data: Path) -> None:
    look = StyleStatistics(shared_data / "features")
    look.learn([stripes(4)])
    assert look.distance(stripes(4).roll(2, 3)) < 0.2 * look.distance(stripes(24))


def test_without_features_a_look_is_color() -> None:
    look = StyleStatistics(None)
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    look.learn([picture])
    assert look.distance(picture.flip(2)) < 0.01 < 0.1 < look.distance(picture.roll(1, 1) * torch.tensor(0.8))


def test_matching_places_cost_least() -> None:
    codes = torch.nn.functional.normalize(torch.randn(2, 32, 16, generator=torch.Generator().manual_seed(0)), dim=-1)
    assert contrastive_loss(codes, codes) < 0.5 * contrastive_loss(codes.roll(1, 1), codes)


def test_codes_of_an_unchanged_picture_match() -> None:
    torch.manual_seed(0)
    network = ContrastiveStylizer([8, 8, 8], 3, 8)
    with torch.no_grad():
        network.tail.weight.zero_()
    image = torch.rand(2, 3, 1, 1).expand(-1, -1, 32, 32)  # out of focus, one color is what it was
    output, codes = network.compared(image, 10)
    assert torch.allclose(output, image)
    for got, wanted in codes:
        assert torch.allclose(got, wanted, atol=1e-5)
        assert not wanted.requires_grad


def test_edges_are_compared_whatever_the_colors() -> None:
    photo = stripes(24)
    assert edge_loss(1 - photo, photo) < 0.01
    assert edge_loss(photo.roll(6, 3), photo) > 0.8
    assert torch.isfinite(edge_loss(torch.zeros_like(photo), photo))


def test_guards_see_what_they_guard_against() -> None:
    flat = torch.full((1, 3, 16, 16), 0.5)
    assert overshoot_loss(flat) == 0 < overshoot_loss(flat + 1)
    assert variation_loss(flat) == 0 < variation_loss(stripes(4))


def test_light_and_dark_in_other_places_cost_and_other_colors_do_not() -> None:
    photo = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    tinted = photo * torch.tensor((0.9, 0.8, 0.7))[:, None, None] + 0.1
    assert shape_loss(tinted, photo) < 0.05 < 0.5 < shape_loss(photo.flip(3), photo)


def test_an_oil_painting_has_flat_dabs_and_keeps_edges() -> None:
    photo = torch.full((1, 3, 64, 64), 0.3)
    photo[..., 32:] = 0.7
    grain = 0.05 * torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    painted = oil((photo + grain).clamp(0, 1))
    assert painted[..., 8:56, 44:60].std() < 0.6 * grain.std()
    rise = painted.mean((0, 1, 2)).diff()[24:40]
    assert rise.max() > 0.5 * (painted[..., 44:].mean() - painted[..., :20].mean())


def test_augmentation_changes_pictures_and_passes_gradients() -> None:
    torch.manual_seed(0)
    image = stripes(24).expand(3, -1, -1, -1).clone().requires_grad_()
    changed = augmented(image)
    assert changed.shape == image.shape
    assert all((changed[i] - changed[j]).abs().mean() > 0.01 for i, j in ((0, 1), (1, 2)))
    changed.sum().backward()
    assert image.grad is not None
    assert (image.grad.abs().sum((1, 2, 3)) > 0).all()


def test_a_comic_has_ink_at_edges_and_flat_colors_between() -> None:
    photo = torch.full((1, 3, 64, 64), 0.35)
    photo[..., 32:] = 0.8
    grain = 0.02 * torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    drawn = find_rule("comic")((photo + grain).clamp(0, 1), grain)
    across = drawn[0, :, 16:48].mean((0, 1))
    assert across[26:32].min() < 0.5 * min(across[4:16].mean(), across[48:60].mean())
    assert drawn[..., 8:56, 48:60].std() < 0.5 * grain.std()
