"""Flat areas of color: cut paper and woodblock prints."""

from __future__ import annotations

import torch
from torch import Tensor

from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.flow import flow
from ganfx.training.style_rules.marks import (
    color,
    contrasted,
    inked,
    lines,
    moved,
    painted,
    relief,
    saturated,
    stepped,
)

# Pigments of Japanese prints: indigo, Prussian blue, sky, paper, sand, red earth, green, soot, white, ochre, brown, and
# pale green.
_PIGMENTS = (
    "1b2a49",
    "2f5d8a",
    "7fa3b5",
    "efe4c8",
    "d8b98a",
    "b5563c",
    "6b7f5a",
    "3a3a3a",
    "f7f1e1",
    "c98a5a",
    "8a5a3c",
    "a9c0a0",
)
# How much red, green and blue count for the nearest pigment, and how near the second nearest is when it mixes in.
_NEARNESS, _SOFTNESS = (1.0, 1.5, 0.8), 160.0
_SOOT = color("1a1c29")


def cutout(rgb: Tensor, grain: Tensor) -> Tensor:
    """Sheets of colored paper, brighter ones on top, with the shadows of their edges."""
    sheets = _flattened(rgb)
    light = contrasted(luminance(sheets))
    levels = stepped(light, 4.5, 40.0)
    shadow = (blurred(moved(levels, -4, -4), 2.0) - levels).clamp(min=0)
    rim = relief(levels).clamp(min=0)
    hues = saturated(sheets, 1.9) - luminance(sheets)
    return (0.03 + 0.95 * levels + hues - 0.7 * shadow + 0.25 * rim + 0.006 * grain).clamp(0, 1)


def woodblock(rgb: Tensor, grain: Tensor) -> Tensor:
    """Few pigments, black contours, and the grain of the wood."""
    areas = saturated(_flattened(rgb), 1.4)
    pigments = torch.tensor([color(digits) for digits in _PIGMENTS], device=rgb.device)[:, :, None, None]
    counts = torch.tensor(_NEARNESS, device=rgb.device)[:, None, None]
    distance = (counts * (areas[:, None] - pigments) ** 2).sum(2)
    print_ = (torch.softmax(-_SOFTNESS * distance, 1)[:, :, None] * pigments).sum(1)
    contour = lines(luminance(rgb), flow(rgb, 3.0), 1.5, 0.975, 60.0, 24.0)
    return inked(print_ * (1 + 0.025 * grain), contour, _SOOT).clamp(0, 1)


def _flattened(rgb: Tensor) -> Tensor:
    """Areas of even color with edges that follow those of the picture."""
    directions = flow(rgb, 2.0)
    for width in (2.5, 3.5):
        rgb = painted(rgb, directions, width, 15.0)
    return rgb
