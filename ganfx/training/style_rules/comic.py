"""The comic style as an image filter, flat colors and inked lines, which a network learns from pairs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance

# Lines: sigma in pixels, ratio to the second sigma, sharpness, threshold of luminance, steepness.
_WIDTH, _WIDER, _SHARPNESS, _INK, _SOFTNESS = 1.0, 1.6, 22.0, 0.3, 5.0
# Colors: radius in pixels and contrast of the smoothing, levels of luminance, gain of saturation.
_RADIUS, _FLAT, _STEPS, _VIVID = 3, 0.06, 6, 1.4


def comic(rgb: Tensor) -> Tensor:
    """Photographs (N, 3, H, W) in [0, 1] as a comic, in the same shape and range."""
    once = _flattened(rgb)
    flat = _flattened(_flattened(once))
    light = luminance(flat)
    steps = light * _STEPS
    whole = steps.floor()
    # A steep slope instead of a step, which would amplify noise along smooth gradients.
    stepped = (whole + ((steps - whole - 0.5) * 12).sigmoid()) / _STEPS
    return ((stepped + (flat - light) * _VIVID) * _lines(luminance(once))).clamp(0, 1)


def _flattened(rgb: Tensor) -> Tensor:
    """Edge-preserving smoothing: the guided filter (He et al. 2013), each picture its own guide."""
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
