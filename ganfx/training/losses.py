"""Losses between pictures: pixels, averages, grids."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def pixel_loss(fake: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference."""
    return (fake.float() - real.float()).abs().mean()


def low_frequency_loss(fake: Tensor, real: Tensor, scale: int, window: int = 4) -> Tensor:
    """Mean absolute difference of averages over `window` x `window` low-resolution pixels.

    Each of the scale x scale phases of a pixel shuffle is averaged by itself: this keeps colors and luminance, and
    keeps the phases from drifting apart, which would show as a grid.
    """
    phases = F.pixel_unshuffle(fake.float() - real.float(), scale)
    return F.avg_pool2d(phases, window).abs().mean()


def grid_loss(fake: Tensor, real: Tensor, period: int = 4, window: int = 4) -> Tensor:
    """Mean absolute difference of the deviation of each phase of a period x period grid, averaged over
    `window` x `window` periods: upsampling leaves such patterns, photographs hardly have any.
    """

    def deviations(image: Tensor) -> Tensor:
        n, c, h, w = image.shape
        phases = F.pixel_unshuffle(image.float(), period).reshape(n, c, period**2, h // period, w // period)
        return F.avg_pool2d((phases - phases.mean(2, keepdim=True)).flatten(1, 2), window)

    return (deviations(fake) - deviations(real)).abs().mean()


def shifted(images: tuple[Tensor, ...], largest: int = 3) -> tuple[Tensor, ...]:
    """Crop all `images` (N, C, H, W) by the same random 0..`largest` pixels at the top and the left.

    Strided feature extractors weigh pixels by their position; a random shift in each step averages this out.
    """
    top, left = torch.randint(largest + 1, (2,)).tolist()
    return tuple(image[..., top:, left:] for image in images)
