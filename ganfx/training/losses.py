"""What the networks are paid for."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

# name: (discriminator's loss of real and fake logits, generator's loss of fake logits)
AdversarialLoss = tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]

ADVERSARIAL: dict[str, AdversarialLoss] = {
    # Goodfellow et al. 2014, non-saturating
    "vanilla": (
        lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
        lambda fake: F.softplus(-fake).mean(),
    ),
    # Mao et al. 2017
    "lsgan": (
        lambda real, fake: ((real - 1) ** 2).mean() + (fake**2).mean(),
        lambda fake: ((fake - 1) ** 2).mean(),
    ),
    # Lim and Ye 2017
    "hinge": (
        lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
        lambda fake: -fake.mean(),
    ),
}


def pixel_loss(fake: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference."""
    return (fake.float() - real.float()).abs().mean()


def low_frequency_loss(fake: Tensor, real: Tensor, scale: int, window: int = 4) -> Tensor:
    """Mean absolute difference of averages over `window` x `window` low-resolution pixels.

    Each of the scale x scale positions that a pixel shuffle fills is averaged by itself: colour and light stay where
    they were, and no position may drift from its neighbours, which would draw a grid.
    """
    phases = F.pixel_unshuffle(fake.float() - real.float(), scale)
    return F.avg_pool2d(phases, window).abs().mean()


def shifted(images: tuple[Tensor, ...], most: int = 3) -> tuple[Tensor, ...]:
    """Crop all `images` (N, C, H, W) by the same random 0..`most` pixels at the top and the left.

    Strided feature extractors see some pixels more than others; moving the grid each step evens that out.
    """
    top, left = torch.randint(most + 1, (2,)).tolist()
    return tuple(image[..., top:, left:] for image in images)
