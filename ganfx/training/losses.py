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

    Each of the scale x scale positions that a pixel shuffle fills is averaged by itself: color and light stay where
    they were, and no position may drift from its neighbours, which would draw a grid.
    """
    phases = F.pixel_unshuffle(fake.float() - real.float(), scale)
    return F.avg_pool2d(phases, window).abs().mean()


def grid_loss(fake: Tensor, real: Tensor, period: int = 4, window: int = 4) -> Tensor:
    """Mean absolute difference of what stands out at each position of a period x period grid, averaged over
    `window` x `window` periods: upsampling leaves such patterns, photographs have none to speak of.
    """

    def standing_out(image: Tensor) -> Tensor:
        n, c, h, w = image.shape
        phases = F.pixel_unshuffle(image.float(), period).reshape(n, c, period**2, h // period, w // period)
        return F.avg_pool2d((phases - phases.mean(2, keepdim=True)).flatten(1, 2), window)

    return (standing_out(fake) - standing_out(real)).abs().mean()


def shifted(images: tuple[Tensor, ...], most: int = 3) -> tuple[Tensor, ...]:
    """Crop all `images` (N, C, H, W) by the same random 0..`most` pixels at the top and the left.

    Strided feature extractors see some pixels more than others; moving the grid each step evens that out.
    """
    top, left = torch.randint(most + 1, (2,)).tolist()
    return tuple(image[..., top:, left:] for image in images)
