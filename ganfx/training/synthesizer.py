"""The network behind `ganfx generate`: textures of any size from a grid of random numbers.

Fully convolutional on a grid that wraps around, as in spatial GANs (Jetchev et al. 2016, Bergmann et al. 2017); each
block is modulated by a style (Karras et al. 2019), coarse, medium or fine, so that styles can be mixed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.textures.latents import LOCAL_PLANES, NOISE_SIDES, STYLE_PLANES, STYLES

_LEAK = 0.2
_TINY = 1e-4
# The style, by its place in `STYLES`, of each block.
_STYLE_OF_BLOCK = (0, 1, 1, 2)
# The deviation of numbers that are uniform in [0, 1].
_DEVIATION = 12**-0.5


def _pixel_norm(x: Tensor) -> Tensor:
    """Channels of unit mean square in each place (Karras et al. 2018): tiles do not matter to it."""
    return x * torch.rsqrt((x * x).mean(1, keepdim=True) + _TINY)


class _Mapping(nn.Module):
    """A style's numbers, (N, STYLE_PLANES, h, w), to its code (N, channels, h, w); each place for itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(STYLE_PLANES, channels, 1), nn.Conv2d(channels, channels, 1)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _LEAK)
        return x


def _affine(code: int, channels: int) -> nn.Conv2d:
    """From a style's code to scales and shifts, small at first."""
    made = nn.Conv2d(code, channels, 1)
    nn.init.normal_(made.weight, std=0.1)
    return made


class _SynthesisBlock(nn.Module):
    """Twice the size, then two convolutions, each modulated by the style; noise comes in where there is some.

    cells is the side of a cell of the grid behind this block, in pixels.
    """

    def __init__(self, in_channels: int, out_channels: int, code: int, noise: int, cells: int) -> None:
        super().__init__()
        self.cells = cells
        self.convs = nn.ModuleList(
            [
                nn.Conv2d(in_channels + noise, out_channels, 3, padding=1),
                nn.Conv2d(out_channels, out_channels, 3, padding=1),
            ]
        )
        self.affines = nn.ModuleList(_affine(code, 2 * out_channels) for _ in self.convs)

    def forward(self, x: Tensor, code: Tensor, noise: Tensor | None) -> Tensor:
        x = self._enlarged(x)
        if noise is not None:
            x = torch.cat([x, noise], 1)
        for conv, affine in zip(self.convs, self.affines, strict=True):
            x = _pixel_norm(F.leaky_relu(conv(x), _LEAK))
            scale, shift = F.interpolate(affine(code), scale_factor=float(self.cells), mode="nearest").chunk(2, 1)
            x = x * (1 + scale) + shift
        return x

    def _enlarged(self, x: Tensor) -> Tensor:
        """Twice the size, smoothly: what is repeated leaves the grid's edges to be seen."""
        if self.training:
            x = F.pad(x, (1, 1, 1, 1), mode="circular")
        x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        return x[:, :, 2:-2, 2:-2] if self.training else x


class Synthesizer(nn.Module):
    """latents (N, PLANES, h, w) in [0, 1] -> rgb (N, 3, h * CELL, w * CELL) in [0, 1]; see `textures.latents`.

    While it is trained its borders wrap around; in evaluation they do not, and the grid is given with what is around
    it. widths: channels on the grid and behind each of the four blocks; code: of a style's code.
    """

    receptive_field = 5
    """Cells on each side that a cell's pixels depend on."""

    def __init__(self, widths: list[int], code: int) -> None:
        super().__init__()
        self.mappings = nn.ModuleList(_Mapping(code) for _ in STYLES)
        self.base = nn.Conv2d(LOCAL_PLANES + code, widths[0], 3, padding=1)
        noises = [1] * len(NOISE_SIDES) + [0]
        self.blocks = nn.ModuleList(
            _SynthesisBlock(before, after, code, noise, 2 ** (number + 1))
            for number, (before, after, noise) in enumerate(zip(widths[:-1], widths[1:], noises, strict=True))
        )
        self.to_rgb = nn.Conv2d(widths[-1], 3, 3, padding=1)
        self.train()

    def train(self, mode: bool = True) -> Synthesizer:
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.kernel_size != (1, 1):
                module.padding_mode = "circular" if mode else "zeros"
        return super().train(mode)

    def forward(self, latents: Tensor) -> Tensor:
        sizes = [STYLE_PLANES] * len(STYLES) + [LOCAL_PLANES] + [side * side for side in NOISE_SIDES]
        parts = torch.split((latents - 0.5) / _DEVIATION, sizes, 1)
        codes = [mapping(style) for mapping, style in zip(self.mappings, parts[: len(STYLES)], strict=True)]
        noises = [
            F.pixel_shuffle(noise, side) for noise, side in zip(parts[len(STYLES) + 1 :], NOISE_SIDES, strict=True)
        ]
        x = self.base(torch.cat([parts[len(STYLES)], codes[0]], 1))
        for block, style, noise in zip(self.blocks, _STYLE_OF_BLOCK, [*noises, None], strict=True):
            x = block(x, codes[style], noise)
        return torch.sigmoid(self.to_rgb(x).float())
