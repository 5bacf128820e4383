"""Styles drawn by rule: what a network is taught with them."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ganfx.training.brushwork import Blobs, BrushLayer, Brushwork, Directions, Strokes, unit_length
from ganfx.training.style_losses import shape_loss
from ganfx.training.style_rules import RULES
from ganfx.training.style_rules.flow import along, flow
from ganfx.training.style_rules.marks import toned

SIDE = 160


def noise(seed: int = 0) -> Tensor:
    return torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def disc() -> Tensor:
    """A warm disc on a blue ground that gets brighter to the right: (1, 3, SIDE, SIDE)."""
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    inside = ((rows - 80) ** 2 + (columns - 70) ** 2 < 45**2).float()
    ground = torch.stack([0.2 + columns / 600, 0.35 + columns / 500, 0.6 + columns / 700])
    return (inside * torch.tensor([0.85, 0.55, 0.35])[:, None, None] + (1 - inside) * ground)[None]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_draws_the_picture_and_not_another(name: str) -> None:
    drawn = RULES[name](disc(), noise())
    assert drawn.shape == (1, 3, SIDE, SIDE)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert torch.equal(drawn, RULES[name](disc(), noise()))
    assert shape_loss(drawn, disc()) < 0.35
    assert (drawn - disc()).abs().mean() > 0.02


@pytest.mark.parametrize("name", sorted(set(RULES) - {"comic", "oil"}))
def test_strokes_grow_from_the_noise(name: str) -> None:
    assert not torch.allclose(RULES[name](disc(), noise()), RULES[name](disc(), noise(1)), atol=2e-3)


def constant(degrees: float, side: int = SIDE) -> Tensor:
    """The same direction everywhere."""
    doubled = math.radians(2 * degrees)
    return torch.tensor([math.cos(doubled), math.sin(doubled)])[None, :, None, None].expand(1, 2, side, side)


def directions_of(rgb: Tensor, how: str) -> Tensor:
    return flow(rgb, 3.0) if how == "rule" else Directions(1)(rgb)


@pytest.mark.parametrize("how", ["rule", "network"])
@pytest.mark.parametrize("degrees", [0, 30, 90, 150])
def test_directions_are_those_of_edges(degrees: int, how: str) -> None:
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    angle = math.radians(degrees)
    stripes = 0.5 + 0.3 * torch.sin((rows * math.cos(angle) - columns * math.sin(angle)) / 3)
    found = directions_of(stripes.expand(1, 3, -1, -1), how)[..., 32:64, 32:64]
    assert (found * constant(degrees, 32)).sum(1).min() > 0.97


@pytest.mark.parametrize("how", ["rule", "network"])
def test_even_areas_follow_the_edges_around_them(how: str) -> None:
    picture = torch.full((1, 3, 96, 96), 0.3)
    picture[..., 48:, :] = 0.8
    grain = 0.002 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    far = directions_of(picture + grain, how)[..., 18, :]
    assert far[:, 0].median() > 0.9  # as the edge 30 pixels below them: to the right


def test_strokes_are_long_along_the_edges_and_thin_across() -> None:
    drawn = Strokes(2.0, 30.0, None)(noise()[:, :1], constant(0.0))[0, 0]
    along_them = (drawn[:, 8:] * drawn[:, :-8]).mean()
    across = (drawn[8:] * drawn[:-8]).mean()
    assert along_them > 0.4 > abs(float(across)) + 0.2


@pytest.mark.parametrize("made", [Strokes(2.5, 40.0, None), Strokes(1.0, 26.0, 50.0), Blobs(3.0)])
@pytest.mark.parametrize("degrees", [0.0, 20.0, 45.0])
def test_strokes_and_blobs_are_as_strong_as_noise_in_every_direction(made: nn.Module, degrees: float) -> None:
    assert 0.8 < made(noise()[:, :1], constant(degrees)).std() < 1.4


def test_brushwork_away_from_the_border_is_that_of_the_whole_picture() -> None:
    """What tiles are cut by: `reach`."""
    brushwork = Brushwork([BrushLayer(0, 2.4, 36.0), BrushLayer(1, 6.0)], 2)
    random = torch.Generator().manual_seed(0)
    picture, grain = torch.rand(1, 3, 512, 512, generator=random), torch.randn(1, 3, 512, 512, generator=random)
    part = (..., slice(128, 384), slice(128, 384))
    whole, cut = (torch.cat(brushwork(*given), 1) for given in ((picture, grain), (picture[part], grain[part])))
    reach = -(-brushwork.reach // 2)
    inside = slice(reach, 128 - reach)
    assert 128 - 2 * reach > 8
    assert torch.allclose(whole[..., 64:192, 64:192][..., inside, inside], cut[..., inside, inside], atol=1e-4)


def test_what_is_even_stays_even_along_lines() -> None:
    even = torch.full((1, 3, 40, 50), 0.25)
    assert torch.allclose(along(even, constant(70.0, 1).expand(1, 2, 40, 50), 20.0), even, atol=1e-5)


def test_palettes_are_mixed_between_their_colors() -> None:
    light = torch.tensor([0.0, 0.25, 0.5, 1.0]).view(1, 1, 1, 4)
    red = toned(light, {0.0: "000000", 0.5: "ff0000", 1.0: "ffffff"})[0, 0, 0]
    assert red.tolist() == pytest.approx([0, 0.5, 1, 1])


def test_directions_of_even_areas_have_a_length_in_half_precision() -> None:
    faint = torch.tensor([7.7e-6, 6.4e-6])[None, :, None, None]
    strong = 1e4 * faint
    for vectors in (faint, strong):
        exact = vectors / ((vectors**2).sum(1, keepdim=True).sqrt() + 1e-7)
        assert torch.allclose(unit_length(vectors), exact, atol=1e-5)
        assert torch.allclose(unit_length(vectors.half()).float(), exact, atol=0.03)
