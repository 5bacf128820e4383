"""Flat areas of color, the plans of cut paper and of woodblock prints."""

from __future__ import annotations

import torch
from torch import Tensor

from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.flow import flow
from ganfx.training.style_rules.marks import lines, painted, saturated


def cutout(rgb: Tensor, grain: Tensor) -> Tensor:
    """Areas of color for `PaperSheets`."""
    return _flattened(rgb)


def woodblock(rgb: Tensor, grain: Tensor) -> Tensor:
    """Areas of color and contours for `PrintedPigments`."""
    areas = saturated(_flattened(rgb), 1.4)
    contour = lines(luminance(rgb), flow(rgb, 3.0), 1.5, 0.975, 60.0, 24.0)
    return torch.cat([areas, contour], 1)


def _flattened(rgb: Tensor) -> Tensor:
    """Areas of even color with edges that follow those of the picture."""
    directions = flow(rgb, 2.0)
    for width in (2.5, 3.5):
        rgb = painted(rgb, directions, width, 15.0)
    return rgb
