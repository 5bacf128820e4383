"""CIELAB (CIE 15:2004) of sRGB pictures (IEC 61966-2-1), white D65, as differentiable tensor code."""

from __future__ import annotations

import torch
from torch import Tensor

from ganfx.imaging.color import LAB_KNEE, RGB_TO_XYZ


def decode_srgb(rgb: Tensor) -> Tensor:
    """Encoded values in [0, 1] to linear light."""
    high = ((rgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(rgb <= 0.04045, rgb / 12.92, high)


def encode_srgb(linear: Tensor) -> Tensor:
    """Linear light to encoded values; negative values follow the linear segment of the curve."""
    high = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, high)


def _to_xyz(like: Tensor) -> Tensor:
    return torch.tensor(RGB_TO_XYZ, device=like.device, dtype=torch.float32)


def _curve(relative: Tensor) -> Tensor:
    root = relative.clamp(min=LAB_KNEE**3) ** (1 / 3)
    return torch.where(relative > LAB_KNEE**3, root, relative / (3 * LAB_KNEE**2) + 4 / 29)


def _uncurve(value: Tensor) -> Tensor:
    return torch.where(value > LAB_KNEE, value**3, 3 * LAB_KNEE**2 * (value - 4 / 29))


def lightness(luminance: Tensor) -> Tensor:
    """Relative luminance Y in [0, 1] to L* in [0, 100]."""
    return 116 * _curve(luminance) - 16


def lab_of(rgb: Tensor) -> Tensor:
    """rgb (N, 3, H, W), encoded, in [0, 1] -> L* in [0, 100], a* and b* about -110..110, (N, 3, H, W)."""
    x, y, z = _curve(torch.einsum("ij,njhw->nihw", _to_xyz(rgb), decode_srgb(rgb.float()))).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def rgb_of(lab: Tensor) -> Tensor:
    """The inverse of `lab_of`; colors outside sRGB give values outside [0, 1]."""
    light, a, b = lab.float().unbind(1)
    y = (light + 16) / 116
    relative = _uncurve(torch.stack([y + a / 500, y, y - b / 200], 1))
    return encode_srgb(torch.einsum("ij,njhw->nihw", torch.linalg.inv(_to_xyz(lab)), relative))
