"""The directions of edges in a picture, and averages along them.

Directions are (N, 2, H, W) of unit length, (cos 2a, sin 2a) with `a` the angle of the edge to the right and down:
twice the angle, since an edge has no beginning and no end.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance

# Scharr's derivative: nearly the same for all directions.
_DERIVATIVE = ((-3.0, 0.0, 3.0), (-10.0, 0.0, 10.0), (-3.0, 0.0, 3.0))
# Slopes of luminance a pixel below which there is no edge, but noise or compression.
_EVEN = 0.012
# Even areas follow the edges around them: (times the radius, weight) of the wider averages.
_WIDER = ((4, 0.3), (10, 0.15))
# The wider averages are taken at a size so many times smaller.
_REDUCTION = 4
# Pixels between the places that are averaged along a stroke.
_STEP = 1.5


def gradients(light: Tensor) -> tuple[Tensor, Tensor]:
    """The slopes of (N, 1, H, W) a pixel to the right, and down."""
    across = torch.tensor(_DERIVATIVE, device=light.device) / 32
    kernels = torch.stack([across, across.T])[:, None]
    slopes = F.conv2d(F.pad(light, (1, 1, 1, 1), mode="reflect"), kernels)
    return slopes[:, :1], slopes[:, 1:]


def flow(rgb: Tensor, radius: float) -> Tensor:
    """The directions of the edges of (N, 3, H, W), averaged over Gaussians of `radius` pixels: the structure tensor
    (Brox et al. 2006), in which edges count by their slope instead of its square."""
    across, down = gradients(luminance(rgb))
    squared = across**2 + down**2
    weight = squared / (squared + _EVEN**2) / (squared.sqrt() + 1e-4)
    tensor = torch.cat([across**2 - down**2, 2 * across * down], 1) * weight
    small = F.avg_pool2d(tensor, _REDUCTION, ceil_mode=True)
    wide = sum((share * blurred(small, times * radius / _REDUCTION) for times, share in _WIDER), torch.zeros(()))
    wide = F.interpolate(wide, scale_factor=float(_REDUCTION), mode="bilinear")
    height, width = rgb.shape[2:]
    # Across an edge is the gradient; along it, twice the angle has the opposite sign.
    return F.normalize(-(blurred(tensor, radius) + wide[..., :height, :width]), dim=1, eps=1e-9)


def along(image: Tensor, directions: Tensor, length: float) -> Tensor:
    """`image` (N, C, H, W) averaged along `directions` over `length` pixels: line integral convolution (Cabral and
    Leedom 1993) under a raised cosine."""
    places = _places(image)
    size = torch.tensor([image.shape[3], image.shape[2]], device=image.device)
    steps = max(1, round(length / 2 / _STEP))
    first = _heading(directions, torch.ones_like(directions))
    total, weights = image, 1.0
    for heading in (first, -first):
        place = places
        for step in range(1, steps + 1):
            place = place + _STEP * heading
            grid = (2 * place.permute(0, 2, 3, 1) + 1) / size - 1
            weight = 0.5 + 0.5 * math.cos(math.pi * step / (steps + 1))
            total = total + weight * F.grid_sample(image, grid, padding_mode="reflection", align_corners=False)
            weights += weight
            there = F.grid_sample(directions, grid, padding_mode="reflection", align_corners=False)
            heading = _heading(there, heading)
    return total / weights


def _places(image: Tensor) -> Tensor:
    """(N, 2, H, W): the column and the row of each pixel."""
    rows, columns = (torch.arange(side, dtype=torch.float32, device=image.device) for side in image.shape[2:])
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy")).expand(len(image), -1, -1, -1)


def _heading(directions: Tensor, before: Tensor) -> Tensor:
    """The unit vectors of `directions` that point the way of `before`, both (N, 2, H, W)."""
    angle = torch.atan2(directions[:, 1:], directions[:, :1]) / 2
    heading = torch.cat([angle.cos(), angle.sin()], 1)
    return torch.where((heading * before).sum(1, keepdim=True) < 0, -heading, heading)
