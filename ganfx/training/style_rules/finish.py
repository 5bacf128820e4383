"""Last steps of drawing that are the same for every picture: exact filters, which no network has to learn.

A network that has to print flat colors learns blurred ones. With a finish it learns what comes before: a plan, such as
smooth areas and lines, which the finish turns into steps, pigments and edges as sharp as the rule's own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganfx.training.brushwork import Gaussian
from ganfx.training.style_losses import luminance
from ganfx.training.style_rules.marks import Color, color, contrasted, moved, relief, saturated, stepped

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
# Sheets of paper: levels of luminance, how steep the way between two is, and the offset and sigma of shadows in pixels.
_SHEETS, _STEEPNESS, _OFFSET, _SHADOW = 4.5, 40.0, 4, 2.0
# Comics: levels of luminance, how steep the way between two is, and gain of saturation.
_PRINTS, _SLOPE, _VIVID = 6.0, 24.0, 1.6
# Plans are smoothed before their steps by so many pixels: neither knives nor scissors make ragged edges.
_KNIFE, _SCISSORS = 1.2, 1.6


class Finish(nn.Module):
    """(plan (N, channels, H, W) in [0, 1], layers of brushwork (N, L, H, W)) -> picture (N, 3, H, W).

    reach is how many pixels on each side a pixel of the picture depends on.
    """

    channels = 3
    reach = 0

    def sketch(self, rgb: Tensor) -> Tensor:
        """A first plan for photographs (N, 3, H, W): (N, channels, H, W)."""
        return rgb


class InkOnPaper(Finish):
    """Plans say how much of the paper shows; `ink` is the color that is drawn with, `paper` that of the paper."""

    channels = 1
    tones: Tensor

    def __init__(self, ink: Color, paper: Color) -> None:
        super().__init__()
        self.register_buffer("tones", torch.tensor([ink, paper])[..., None, None], persistent=False)

    def sketch(self, rgb: Tensor) -> Tensor:
        return luminance(rgb)

    def forward(self, plan: Tensor, layers: Tensor) -> Tensor:
        return self.tones[:1] * (1 - plan) + self.tones[1:] * plan


class _LinedAreas(Finish):
    """Plans are areas of color, and how much of them shows between dark lines."""

    channels = 4

    def __init__(self) -> None:
        super().__init__()
        self.cut = Gaussian(_KNIFE)
        self.reach = self.cut.reach

    def sketch(self, rgb: Tensor) -> Tensor:
        return torch.cat([rgb, torch.ones_like(rgb[:, :1])], 1)

    def parted(self, plan: Tensor) -> tuple[Tensor, Tensor]:
        """(areas (N, 3, H, W) with edges as a knife cuts them, how much of them shows (N, 1, H, W))."""
        return self.cut(plan[:, :3]), plan[:, 3:].clamp(0, 1)


class PrintedPigments(_LinedAreas):
    """Colors are those of a few pigments; the layer is the grain of the wood."""

    pigments: Tensor
    counts: Tensor
    soot: Tensor

    def __init__(self) -> None:
        super().__init__()
        pigments = torch.tensor([color(digits) for digits in _PIGMENTS])
        self.register_buffer("pigments", pigments[:, :, None, None], persistent=False)
        self.register_buffer("counts", torch.tensor(_NEARNESS)[:, None, None], persistent=False)
        self.register_buffer("soot", torch.tensor(_SOOT)[:, None, None], persistent=False)

    def forward(self, plan: Tensor, layers: Tensor) -> Tensor:
        areas, lines = self.parted(plan)
        # |areas - pigment|² without the square of the areas, which is the same for all pigments.
        inner = torch.einsum("nchw,pc->nphw", areas * self.counts, self.pigments[..., 0, 0])
        squares = (self.counts * self.pigments**2).sum(1)[None]
        shares = torch.softmax(_SOFTNESS * (2 * inner - squares), 1)
        printed = torch.einsum("nphw,pc->nchw", shares, self.pigments[..., 0, 0])
        return printed * (1 + 0.025 * layers) * lines + self.soot * (1 - lines)


class PrintedSteps(_LinedAreas):
    """Colors come in few steps of light."""

    def forward(self, plan: Tensor, layers: Tensor) -> Tensor:
        areas, lines = self.parted(plan)
        light = luminance(areas)
        levels = stepped(contrasted(light), _PRINTS, _SLOPE)
        printed: Tensor = (levels + _VIVID * (areas - light)) * lines
        return printed


class PaperSheets(Finish):
    """Plans are areas of color: brighter ones become sheets on top, with shadows and rims; the layer is their grain."""

    def __init__(self) -> None:
        super().__init__()
        self.cut, self.blur = Gaussian(_SCISSORS), Gaussian(_SHADOW)
        self.reach = self.cut.reach + _OFFSET + self.blur.reach

    def forward(self, plan: Tensor, layers: Tensor) -> Tensor:
        plan = self.cut(plan)
        light = luminance(plan)
        levels = stepped(contrasted(light), _SHEETS, _STEEPNESS)
        shadow: Tensor = (self.blur(moved(levels, -_OFFSET, -_OFFSET)) - levels).clamp(min=0)
        rim = relief(levels).clamp(min=0)
        hues = saturated(plan, 1.9) - light
        sheets: Tensor = 0.03 + 0.95 * levels + hues - 0.7 * shadow + 0.25 * rim + 0.006 * layers
        return sheets
