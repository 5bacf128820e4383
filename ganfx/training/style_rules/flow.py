"""The directions of edges in a picture, and averages along them.

Directions are (N, 2, H, W) of unit length, (cos 2a, sin 2a) with `a` the angle of the edge to the right and down:
twice the angle, since an edge has no beginning and no end.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.brushwork import structure_tensor
from ganfx.training.resample import blurred

# Even areas follow the edges around them: (times the radius, weight) of the wider averages.
_WIDER = ((4, 0.3), (10, 0.15))
# The wider averages are taken at a size so many times smaller.
_REDUCTION = 4
# Pixels between the places that are averaged along a stroke.
_STEP = 1.5


def flow(rgb: Tensor, radius: float) -> Tensor:
    """The directions of the edges of (N, 3, H, W), averaged over Gaussians of `radius` pixels."""
    tensor = structure_tensor(rgb)
    small = F.avg_pool2d(tensor, _REDUCTION, ceil_mode=True)
    wide = sum((share * blurred(small, times * radius / _REDUCTION) for times, share in _WIDER), torch.zeros(()))
    wide = F.interpolate(wide, scale_factor=float(_REDUCTION), mode="bilinear")
    height, width = rgb.shape[2:]
    return F.normalize(blurred(tensor, radius) + wide[..., :height, :width], dim=1, eps=1e-9)


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
