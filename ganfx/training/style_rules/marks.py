"""What several style rules share: smoothing that keeps edges, lines, light on relief, steps, palettes."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.resample import blurred
from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.flow import along

# Dabs: number of directions, exponent of the flattest one's weight.
_DIRECTIONS, _SHARPNESS = 8, 4
# Added to the variance, so that flat regions are averaged.
_FLAT = 2e-4
# The second Gaussian of lines is so much wider.
_WIDER = 1.6

Color = tuple[float, float, float]


def color(digits: str) -> Color:
    """Six hexadecimal digits as red, green and blue in [0, 1]."""
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue


def filled(like: Tensor, tone: Color) -> Tensor:
    """`tone` as (1, 3, 1, 1) on the device of `like`."""
    return torch.tensor(tone, device=like.device)[None, :, None, None]


def moved(image: Tensor, right: int, down: int) -> Tensor:
    """Each pixel takes the value of the one so many pixels to its right and below, mirrored at the edges."""
    reach = max(abs(right), abs(down))
    height, width = image.shape[2:]
    padded = F.pad(image, (reach,) * 4, mode="reflect")
    return padded[..., reach + down : reach + down + height, reach + right : reach + right + width]


def dabbed(rgb: Tensor, width: float) -> Tensor:
    """Each pixel takes the mean color of the flattest neighbourhoods around it (Kuwahara et al. 1976), weighted as in
    Papari et al. 2007."""
    mean = blurred(rgb, width / 2)
    variance = (blurred(rgb**2, width / 2) - mean**2).clamp(min=0).sum(1, keepdim=True) + _FLAT
    total = torch.zeros_like(rgb)
    weights = torch.zeros_like(variance)
    for turn in range(_DIRECTIONS):
        angle = 2 * math.pi * turn / _DIRECTIONS
        beside = round(width * math.cos(angle)), round(width * math.sin(angle))
        weight = moved(variance, *beside) ** -_SHARPNESS
        total += weight * moved(mean, *beside)
        weights += weight
    return total / weights


def painted(rgb: Tensor, directions: Tensor, width: float, length: float) -> Tensor:
    """Dabs of `width` pixels, drawn out to `length` along the edges."""
    return along(dabbed(dabbed(rgb, width), 0.6 * width), directions, length)


def saturated(rgb: Tensor, gain: float) -> Tensor:
    """`gain` times as colorful, not clipped."""
    light = luminance(rgb)
    return light + (rgb - light) * gain


def contrasted(light: Tensor) -> Tensor:
    """Luminance in [0, 1] with darker shadows and brighter lights."""
    return light + 0.7 * light * (1 - light) * (2 * light - 1)


def lines(light: Tensor, directions: Tensor, width: float, ink: float, hardness: float, length: float) -> Tensor:
    """1 on paper, 0 in ink: a flow-based difference of Gaussians (Kang et al. 2007).

    width is the sigma in pixels of the finer Gaussian, `ink` (below 1, more with more) the weight of the wider one,
    length how far lines are drawn out in pixels, and hardness how steep the way from paper to ink is.
    """
    difference = along(blurred(light, width) - ink * blurred(light, _WIDER * width), directions, length)
    return torch.where(difference > 0, 1.0, 1 + torch.tanh(hardness * difference))


def inked(rgb: Tensor, line: Tensor, tone: Color) -> Tensor:
    """`rgb` with `line`, see `lines`, in the color `tone`."""
    return rgb * line + filled(rgb, tone) * (1 - line)


def relief(height: Tensor) -> Tensor:
    """Light from the upper left on (N, C, H, W)."""
    return height - moved(height, -1, -1)


def stepped(light: Tensor, steps: float, steepness: float) -> Tensor:
    """Luminance in `steps` levels; a slope instead of a jump, which would amplify noise along smooth gradients."""
    scaled = light * steps
    whole = scaled.floor()
    return (whole + ((scaled - whole - 0.5) * steepness).sigmoid()) / steps


def toned(light: Tensor, palette: dict[float, str]) -> Tensor:
    """Colors (N, 3, H, W) for luminance (N, 1, H, W): those of `palette`, by their luminance from 0 to 1, and between
    them."""
    knots = torch.tensor(list(palette), device=light.device)
    colors = torch.tensor([color(digits) for digits in palette.values()], device=light.device)
    light = light.clamp(0, 1)
    above = torch.bucketize(light.contiguous(), knots).clamp(1, len(knots) - 1)
    share = ((light - knots[above - 1]) / (knots[above] - knots[above - 1]))[..., None]
    mixed = colors[above - 1] * (1 - share) + colors[above] * share
    return mixed[:, 0].permute(0, 3, 1, 2)
