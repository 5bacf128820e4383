"""Losses of stylizers: distance from the style, and preservation of the photograph's content."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.imaging.color import LUMA
from ganfx.training.features import Lpips, VggFeatures

# Of each network: layers for style are the first ones, those for content deeper ones.
_STYLE_LAYERS = 5
_CONTENT_LAYERS = slice(2, 6)
# Keeps roots differentiable at zero, and divisors of flat styles above it.
_TINY = 1e-8


class StyleStatistics(nn.Module):
    """Statistics of a style: means and covariances (centred Gram matrices, Gatys et al. 2016) of the pixels and, given
    the folder `features`, of the first layers of VGG-19 and SqueezeNet.

    Matrices are centred on the style's means, which would otherwise dominate them.
    """

    def __init__(self, features: Path | None) -> None:
        super().__init__()
        self.networks = nn.ModuleList([VggFeatures(features), Lpips(features).backbone] if features else [])

    def _layers(self, rgb: Tensor) -> list[Tensor]:
        return [rgb, *(layer for network in self.networks for layer in network(rgb)[:_STYLE_LAYERS])]

    @torch.no_grad()
    def learn(self, batches: list[Tensor]) -> None:
        """Estimate the statistics from crops (N, 3, H, W) in [0, 1] of the style's pictures."""
        found = [[_statistics(layer) for layer in self._layers(rgb)] for rgb in batches]
        self.wanted = []
        for layer in zip(*found, strict=True):
            mean, moments = (torch.cat(part).mean(0) for part in zip(*layer, strict=True))
            self.wanted.append((mean, moments - torch.outer(mean, mean)))

    def distance(self, rgb: Tensor) -> Tensor:
        """The mean distance of pictures (N, 3, H, W) from the style, relative to the size of the style's statistics."""
        layers = zip(self._layers(rgb), self.wanted, strict=True)
        return torch.stack([_gap(layer, mean, covariance) for layer, (mean, covariance) in layers]).mean()


def _statistics(layer: Tensor) -> tuple[Tensor, Tensor]:
    """Means (N, C) and second moments (N, C, C) of (N, C, H, W)."""
    flat = layer.flatten(2)
    return flat.float().mean(2), (flat @ flat.mT).float() / flat.shape[2]


def _gap(layer: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    shift, moments = _statistics(layer - mean[:, None, None].to(layer.dtype))
    strokes = ((moments - covariance) ** 2).sum((1, 2)) / (covariance**2).sum().clamp(min=_TINY)
    tones = (shift**2).sum(1) / covariance.trace().clamp(min=_TINY)
    return ((strokes + _TINY).sqrt() + (tones + _TINY).sqrt()).mean()


def luminance(rgb: Tensor) -> Tensor:
    """Luma of Rec. 709: (N, 3, H, W) -> (N, 1, H, W)."""
    weights = torch.tensor(LUMA, device=rgb.device)[:, None, None]
    return (rgb.float() * weights).sum(1, keepdim=True)


class ContentFeatures(nn.Module):
    """Content regardless of color: deep SqueezeNet features of the luminance, of unit length."""

    def __init__(self, features: Path) -> None:
        super().__init__()
        self.network = Lpips(features).backbone

    def forward(self, rgb: Tensor) -> list[Tensor]:
        layers = self.network(luminance(rgb).expand(-1, 3, -1, -1))[_CONTENT_LAYERS]
        return [F.normalize(layer.float(), dim=1, eps=1e-6) for layer in layers]


def content_loss(features: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Squared distance of features at the same places, averaged over layers."""
    gaps = [((one - other) ** 2).sum(1).mean() for one, other in zip(features, wanted, strict=True)]
    return torch.stack(gaps).mean()


def _edges(rgb: Tensor) -> Tensor:
    light = F.avg_pool2d(luminance(rgb), 2)
    across, down = light[..., :-1, 1:] - light[..., :-1, :-1], light[..., 1:, :-1] - light[..., :-1, :-1]
    return (across**2 + down**2 + 1e-6).sqrt().flatten(1)


def edge_loss(fake: Tensor, photo: Tensor) -> Tensor:
    """One minus the correlation of the gradient magnitudes of luminance."""
    one, other = (edges - edges.mean(1, keepdim=True) for edges in (_edges(fake), _edges(photo)))
    return 1 - F.cosine_similarity(one, other).mean()


def shape_loss(fake: Tensor, photo: Tensor, side: int = 8) -> Tensor:
    """One minus the correlation of luminance, averaged over squares of `side` pixels."""
    one, other = (F.avg_pool2d(luminance(image), side).flatten(1) for image in (fake, photo))
    one, other = (light - light.mean(1, keepdim=True) for light in (one, other))
    return 1 - F.cosine_similarity(one, other).mean()


def contrastive_loss(got: Tensor, wanted: Tensor, temperature: float = 0.07) -> Tensor:
    """PatchNCE (Park et al. 2020) of codes (N, P, C): each code of the output is to match the code of the same
    place in the input, among all places of that picture."""
    logits = got @ wanted.mT / temperature
    own = torch.arange(logits.shape[1], device=logits.device).expand(len(logits), -1)
    return F.cross_entropy(logits.flatten(0, 1), own.flatten())


def variation_loss(image: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels."""
    image = image.float()
    return image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()


def overshoot_loss(image: Tensor) -> Tensor:
    """Mean distance of the values from [0, 1]."""
    image = image.float()
    return (image - image.clamp(0, 1)).abs().mean()
