"""Differentiable augmentation (Zhao et al. 2020): keeps a discriminator from memorising a small set."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_BRIGHTNESS, _SATURATION, _CONTRAST = 0.2, 0.4, 0.3
# Largest shift, and side of the hidden square: 1/8 and 1/3 of the image's side.
_SHIFT, _HOLE = 8, 3


def augmented(images: Tensor) -> Tensor:
    """rgb (N, 3, H, W), each image with its own random colors, shift and hidden square; differentiable."""
    return _cut_out(_moved(_colored(images.float())))


def _colored(images: Tensor) -> Tensor:
    brightness, saturation, contrast = torch.rand(3, len(images), 1, 1, 1, device=images.device) * 2 - 1
    images = images + _BRIGHTNESS * brightness
    grey = images.mean(1, keepdim=True)
    images = torch.lerp(grey, images, 1 + _SATURATION * saturation)
    middle = images.mean((1, 2, 3), keepdim=True)
    return torch.lerp(middle, images, 1 + _CONTRAST * contrast)


def _moved(images: Tensor) -> Tensor:
    height, width = images.shape[2:]
    down, across = height // _SHIFT, width // _SHIFT
    padded = F.pad(images, (across, across, down, down), value=0.5)
    tops = torch.randint(2 * down + 1, (len(images),)).tolist()
    lefts = torch.randint(2 * across + 1, (len(images),)).tolist()
    pieces = [
        image[:, top : top + height, left : left + width] for image, top, left in zip(padded, tops, lefts, strict=True)
    ]
    return torch.stack(pieces)


def _cut_out(images: Tensor) -> Tensor:
    n, _, height, width = images.shape
    centres = torch.rand(2, n, 1, 1, 1, device=images.device)
    rows = torch.linspace(0, 1, height, device=images.device)[:, None]
    columns = torch.linspace(0, 1, width, device=images.device)
    half = 0.5 / _HOLE
    hidden = ((rows - centres[0]).abs() < half) & ((columns - centres[1]).abs() < half)
    return torch.where(hidden, 0.5, images)
