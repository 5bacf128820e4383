"""Paintings after Van Gogh and Munch: strokes along the edges, laid over each other in other tones."""

from __future__ import annotations

import torch
from torch import Tensor

from ganfx.training.brushwork import gradients
from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.flow import flow
from ganfx.training.style_rules.marks import (
    Color,
    color,
    filled,
    inked,
    lines,
    painted,
    relief,
    saturated,
    toned,
)

_NIGHT = {0.0: "0b1430", 0.22: "17306e", 0.45: "3c6bb0", 0.65: "8fb6b8", 0.82: "dcd98a", 1.0: "f7e27a"}
_SUNSET = {
    0.0: "14182b",
    0.2: "23405c",
    0.38: "5b6a55",
    0.55: "b5723a",
    0.72: "e2622b",
    0.88: "f0a24a",
    1.0: "f3dc9a",
}
# From blue strokes to yellow ones.
_WARM: Color = (0.045, 0.023, -0.06)
# Slopes of luminance a pixel, around a place, below which it is even, and how soon.
_EVEN, _SOON = 0.012, 400.0
_BLUE_INK, _NIGHT_INK, _DARK_INK = color("0f1738"), color("080d26"), color("121429")


def vangogh(rgb: Tensor, lights: Tensor, hues: Tensor, broad: Tensor) -> Tensor:
    """Short strokes where there is much to see and long broad ones where there is little, some yellower and some
    bluer, and blue contours."""
    directions = flow(rgb, 3.0)
    base = saturated(painted(rgb, directions, 3.5, 18.0), 1.5)
    even = _evenness(rgb)
    light, hue = torch.tanh(0.8 * (lights * (1 - even) + broad * even)), torch.tanh(0.8 * hues)
    canvas = base * (1 + 0.16 * light) + filled(rgb, _WARM) * hue + 0.10 * relief(light)
    contour = lines(luminance(rgb), directions, 1.6, 0.97, 25.0, 18.0)
    return inked(canvas, contour, _BLUE_INK).clamp(0, 1)


def starry_night(rgb: Tensor, lights: Tensor, hues: Tensor) -> Tensor:
    """Long strokes from night blue to yellow."""
    directions = flow(rgb, 3.0)
    base = painted(rgb, directions, 3.5, 24.0)
    light, hue = torch.tanh(lights), torch.tanh(hues)
    canvas = _recolored(base, luminance(base) ** 1.1 + 0.09 * light + 0.05 * hue, _NIGHT, 0.8) + 0.10 * relief(light)
    contour = lines(luminance(rgb), directions, 1.6, 0.965, 25.0, 18.0)
    return inked(canvas, contour, _NIGHT_INK).clamp(0, 1)


def the_scream(rgb: Tensor, lights: Tensor) -> Tensor:
    """Very long, broad and thin strokes from dark blue to orange."""
    directions = flow(rgb, 3.0)
    base = painted(rgb, directions, 4.0, 40.0)
    light = torch.tanh(lights)
    canvas = _recolored(base, luminance(base) + 0.08 * light, _SUNSET, 0.75) + 0.06 * relief(light)
    contour = lines(luminance(rgb), directions, 2.0, 0.97, 20.0, 24.0)
    return inked(canvas, contour, _DARK_INK).clamp(0, 1)


def _evenness(rgb: Tensor) -> Tensor:
    """(N, 1, H, W): near 1 where (N, 3, H, W) has little to see, near 0 where it has much."""
    across, down = gradients(blurred(luminance(rgb), 2.0))
    slopes = blurred((across**2 + down**2 + 1e-8).sqrt(), 8.0)
    return torch.sigmoid(_SOON * (_EVEN - slopes))


def _recolored(rgb: Tensor, light: Tensor, palette: dict[float, str], share: float) -> Tensor:
    """`share` of the palette's colors for `light`, the rest those of `rgb` at the same luminance."""
    new = toned(light, palette)
    own = saturated(rgb, 1.35)
    return share * new + (1 - share) * (own - luminance(own) + luminance(new))
