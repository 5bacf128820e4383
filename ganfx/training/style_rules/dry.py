"""Dry media on paper: pencil, charcoal and ink, as how much of the paper shows, and pastel."""

from __future__ import annotations

import torch
from torch import Tensor

from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.flow import flow
from ganfx.training.style_rules.marks import (
    color,
    contrasted,
    filled,
    lines,
    painted,
    saturated,
)

_GREY_PAPER = color("f2ede0")
# What is drawn with, and the paper.
CHARCOAL = color("171614"), _GREY_PAPER
INK = color("0d0d14"), color("faf7ed")
PENCIL = color("000000"), color("f7f6f2")


def pencil(rgb: Tensor, hatched: Tensor, crossed: Tensor, grain: Tensor) -> Tensor:
    """Thin lines, and two layers of hatching as the tone gets darker."""
    light = contrasted(luminance(rgb))
    tone = blurred(light, 1.5)
    line = lines(light, flow(rgb, 2.0), 1.0, 0.985, 40.0, 12.0)
    first = torch.sigmoid(5 * (1.25 * tone - 0.56) + 0.9 * hatched)
    second = torch.sigmoid(7 * (tone - 0.14) + 0.9 * crossed)
    drawn = (0.34 + 0.66 * first) * (0.45 + 0.55 * second) * (0.25 + 0.75 * line) + 0.03 * grain
    return drawn.clamp(0.05, 1)


def charcoal(rgb: Tensor, rubbed: Tensor, grain: Tensor) -> Tensor:
    """Broad dark lines and grainy shade."""
    directions = flow(rgb, 3.0)
    light = contrasted(luminance(painted(rgb, directions, 3.0, 18.0)))
    line = lines(luminance(rgb), directions, 2.0, 0.97, 18.0, 18.0)
    texture = 0.45 * rubbed + 0.5 * grain
    return torch.sigmoid(4.5 * (1.15 * light - 0.47) + texture) * (0.1 + 0.9 * line)


def ink(rgb: Tensor, hatching: Tensor) -> Tensor:
    """Black lines, black shadows, and hatching that follows the form between them."""
    directions = flow(rgb, 2.0)
    light = contrasted(luminance(rgb))
    line = lines(light, directions, 1.1, 0.98, 120.0, 18.0)
    shadows = torch.sigmoid(40 * (blurred(light, 2.0) - 0.13))
    hatched = torch.sigmoid(4 * (9 * (blurred(light, 1.5) - 0.33) + hatching))
    return line * shadows * hatched


def pastel(rgb: Tensor, chalk: Tensor, broad: Tensor, grain: Tensor) -> Tensor:
    """Soft chalk that the paper shows through."""
    directions = flow(rgb, 3.0)
    base = saturated(painted(rgb, directions, 3.0, 15.0), 1.5)
    color = 0.88 * base + 0.09 + 0.07 * torch.tanh(broad)
    covered = torch.sigmoid(3.0 + 0.8 * chalk + 0.9 * grain)
    return (color * covered + filled(rgb, _GREY_PAPER) * (1 - covered)).clamp(0, 1)
