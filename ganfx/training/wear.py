"""Damage of the pictures that people have, at full size: noise, compression, and both after a resize."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganfx.training.cleaner import FULL_STRENGTH
from ganfx.training.degradations import compressed, uniform
from ganfx.training.resample import KERNELS, apply_separable, blur_matrix, blurred, resize_matrix

# More pixels than a crop needs, so that the blocks of a JPEG can begin anywhere in it.
MARGIN = 16


@dataclass(frozen=True)
class Wear:
    """Shares of a batch: noisy, compressed, worn (two rounds of blur, resize, noise and JPEG); the rest is clean.

    Pairs are (lowest, highest): noise and blur as standard deviations, in 1/255 and pixels, JPEG quality 1..100,
    resize the factor of the middle size.
    """

    noisy: float
    compressed: float
    worn: float
    noise: tuple[float, float]
    quality: tuple[float, float]
    worn_blur: tuple[float, float]
    worn_resize: tuple[float, float]
    worn_noise: tuple[float, float]
    worn_quality: tuple[float, float]


def sensor_noise(image: Tensor, sigma: Tensor) -> Tensor:
    """Noise of `sigma` (N,) in 1/255 added to (N, 3, H, W): mostly white, some grey, some brighter in the light,
    some in soft grains, as a JPEG or a resize leaves it."""
    n = len(image)

    def some(share: float) -> Tensor:
        return torch.rand(n, 1, 1, 1, device=image.device) < share

    noise = torch.randn_like(image)
    noise = torch.where(some(0.25), noise[:, :1], noise)
    soft = blurred(noise, 0.6)
    noise = torch.where(some(0.2), soft / soft.std((1, 2, 3), keepdim=True), noise)
    noise = torch.where(some(0.25), noise * (image.clamp_min(0) * 2).sqrt(), noise)
    return image + noise * sigma[:, None, None, None] / 255


def worn(picture: Tensor, settings: Wear) -> tuple[Tensor, Tensor]:
    """Two rounds of blur, resize, noise and JPEG (after Wang et al. 2021): (N, 3, S, S) in [0, 1], same shape.

    Returns the worn pictures, and what blur and resizes alone make of them.
    """
    n, _, size, _ = picture.shape
    device = picture.device
    full = torch.full((n,), size, device=device)
    middle = (size * uniform(n, settings.worn_resize, device)).round().long()
    largest = int(middle.max())
    kernels = [torch.randint(len(KERNELS), (n,), device=device) for _ in range(2)]
    first = resize_matrix(full, middle, kernels[0], (largest, size))
    first = first @ blur_matrix(size, uniform(n, settings.worn_blur, device))
    back = resize_matrix(middle, full, kernels[1], (size, largest))
    image = sensor_noise(apply_separable(picture, first, first), uniform(n, settings.worn_noise, device))
    image = apply_separable(compressed(image, settings.worn_quality), back, back)
    image = sensor_noise(image, uniform(n, (0.0, settings.worn_noise[1] / 4), device))
    return compressed(image, settings.worn_quality), apply_separable(picture, back @ first, back @ first)


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
        both = worn(old, settings)
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
