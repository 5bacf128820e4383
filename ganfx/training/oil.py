"""The oil style as an image filter, dabs of paint with lit ridges, which a network learns from pairs."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance

# Dabs: half their width in pixels for each pass, number of directions, exponent of the flattest one's weight.
_WIDTHS, _DIRECTIONS, _SHARPNESS = (3.5, 2.0), 8, 4
# Added to the variance, so that flat regions are averaged.
_FLAT = 2e-4
# Gain of saturation, and of the ridges.
_VIVID, _RELIEF = 1.3, 0.9


def oil(rgb: Tensor) -> Tensor:
    """Photographs (N, 3, H, W) in [0, 1] as an oil painting, in the same shape and range."""
    painted = rgb
    for width in _WIDTHS:
        painted = _dabbed(painted, width)
    light = luminance(painted)
    vivid = light + (painted - light) * _VIVID
    return (vivid + _RELIEF * _ridges(light)).clamp(0, 1)


def _dabbed(rgb: Tensor, width: float) -> Tensor:
    """Each pixel takes the mean color of the flattest neighbourhoods around it (Kuwahara et al. 1976), weighted as in
    Papari et al. 2007."""
    mean = blurred(rgb, width / 2)
    variance = (blurred(rgb**2, width / 2) - mean**2).clamp(min=0).sum(1, keepdim=True) + _FLAT
    total = torch.zeros_like(rgb)
    weights = torch.zeros_like(variance)
    for turn in range(_DIRECTIONS):
        angle = 2 * math.pi * turn / _DIRECTIONS
        beside = round(width * math.cos(angle)), round(width * math.sin(angle))
        weight = _moved(variance, *beside) ** -_SHARPNESS
        total += weight * _moved(mean, *beside)
        weights += weight
    return total / weights


def _ridges(light: Tensor) -> Tensor:
    """Relief lit from the upper left: the slope of the fine differences of luminance."""
    fine = light - blurred(light, 3.0)
    return fine - _moved(fine, -1, -1)


def _moved(image: Tensor, right: int, down: int) -> Tensor:
    reach = max(abs(right), abs(down))
    height, width = image.shape[2:]
    padded = F.pad(image, (reach,) * 4, mode="reflect")
    return padded[..., reach + down : reach + down + height, reach + right : reach + right + width]
