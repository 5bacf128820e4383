"""Damage of the pictures that people have, at full size: noise, compression, or both in two rounds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganfx.training.cleaner import FULL_STRENGTH
from ganfx.training.degradations import Worn, compressed, sensor_noise, uniform, worn

# More pixels than a crop needs, so that the blocks of a JPEG can begin anywhere in it.
MARGIN = 16
# The strength that a network is told in training is wrong by up to this factor, since users and estimators err.
_MISJUDGED = 0.2


@dataclass(frozen=True, kw_only=True)
class Wear(Worn):
    """Shares of a batch: noisy, compressed, worn; the rest is clean. Pairs as in `Worn`."""

    noisy: float
    compressed: float
    noise: tuple[float, float]
    quality: tuple[float, float]


def wear(picture: Tensor, settings: Wear) -> tuple[Tensor, Tensor]:
    """Each picture of (N, 3, S, S) worn by the kind of its place in the batch; 8-bit steps in [0, 1], same shape.

    Returns the worn pictures, and the same without noise and compression.
    """
    n, device = len(picture), picture.device
    ends = [round(n * share) for share in (settings.noisy, settings.noisy + settings.compressed)]
    ends.append(round(n * (settings.noisy + settings.compressed + settings.worn)))
    noisy, pressed, old, good = picture.tensor_split(ends)
    seen, soft = [], [noisy, pressed]
    seen += [sensor_noise(noisy, uniform(len(noisy), settings.noise, device))] if len(noisy) else []
    seen += [compressed(pressed, settings.quality)] if len(pressed) else []
    if len(old):
        both = worn(old, 1, settings)
        seen.append(both[0])
        soft.append(both[1])
    return (torch.cat([*seen, good]).clamp(0, 1) * 255).round() / 255, torch.cat([*soft, good])


def worn_pair(picture: Tensor, settings: Wear) -> tuple[Tensor, Tensor, Tensor]:
    """(worn, clean, strength) from clean crops (N, 3, S + MARGIN, S + MARGIN).

    Half of the batches keep their JPEG blocks where a file has them. strength (N,) is that of noise and compression.
    """
    seen, soft = wear(picture, settings)
    side = picture.shape[-1] - MARGIN
    top, left = torch.randint(MARGIN + 1, (2,)).tolist() if torch.rand(()) < 0.5 else (0, 0)
    seen, soft, clean = (image[..., top : top + side, left : left + side] for image in (seen, soft, picture))
    return seen, clean, strength_of(seen, soft)


def strength_of(seen: Tensor, soft: Tensor) -> Tensor:
    """How much noise and compression is in pictures (N, 3, H, W), whose like without it is `soft`: (N,) in 0..1.

    The root mean square difference in units of FULL_STRENGTH. Blur does not count: it cannot be told from a soft motif.
    """
    return ((seen - soft).square().mean((1, 2, 3)).sqrt() / FULL_STRENGTH).clamp(0, 1)


def misjudged(strength: Tensor) -> Tensor:
    """Strengths (N,) as somebody estimates them."""
    return strength * (1 + _MISJUDGED * (2 * torch.rand_like(strength) - 1))
