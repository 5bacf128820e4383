"""A style drawn by rule: flat colors between inked lines, as in comics, for a network to learn from pairs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance

# Lines: width in pixels, how much wider the second blur is, sharpness, the tone that turns to ink, softness.
_WIDTH, _WIDER, _SHARPNESS, _INK, _SOFTNESS = 1.0, 1.6, 22.0, 0.3, 5.0
# Colors: radius and contrast that count as flat, steps of light, and how much stronger they become.
_RADIUS, _FLAT, _STEPS, _VIVID = 3, 0.06, 6, 1.4


def comic(rgb: Tensor) -> Tensor:
    """Photographs (N, 3, H, W) in [0, 1] as a comic shows them, in the same shape and range."""
    once = _flattened(rgb)
    flat = _flattened(_flattened(once))
    light = luminance(flat)
    steps = light * _STEPS
    whole = steps.floor()
    # A steep slope instead of a jump: no noise is drawn along smooth gradients.
    stepped = (whole + ((steps - whole - 0.5) * 12).sigmoid()) / _STEPS
    return ((stepped + (flat - light) * _VIVID) * _lines(luminance(once))).clamp(0, 1)


def _flattened(rgb: Tensor) -> Tensor:
    """Smooth, but across edges: the guided filter (He et al. 2013), each picture guided by itself."""
    mean = _box(rgb)
    variance = (_box(rgb**2) - mean**2).clamp(min=0).mean(1, keepdim=True)
    kept = variance / (variance + _FLAT**2)
    return _box(kept) * rgb + _box((1 - kept) * mean)


def _box(image: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(image, (_RADIUS,) * 4, mode="reflect"), 2 * _RADIUS + 1, 1)


def _lines(light: Tensor) -> Tensor:
    """1 on paper, 0 in ink: an extended difference of Gaussians (Winnemoeller et al. 2012)."""
    fine, coarse = blurred(light, _WIDTH), blurred(light, _WIDTH * _WIDER)
    sharp = (1 + _SHARPNESS) * fine - _SHARPNESS * coarse
    return torch.where(sharp >= _INK, 1.0, 1 + torch.tanh(_SOFTNESS * (sharp - _INK)))
