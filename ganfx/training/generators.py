"""The upscaler, and what all generators share: plain convolutions and LeakyReLU, no normalisation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAK = 0.1


def conv3x3(in_channels: int, out_channels: int, gain: float = 1.0) -> nn.Conv2d:
    """A 3x3 convolution with He initialisation (He et al. 2015), scaled by `gain`, and a bias of zero."""
    conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight, a=LEAK)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    with torch.no_grad():
        conv.weight.mul_(gain)
    return conv


class ResidualBlock(nn.Module):
    """Three convolutions and a skip connection; close to the identity at initialisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(channels, channels)
        self.conv2 = conv3x3(channels, channels)
        self.conv3 = conv3x3(channels, channels, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.leaky_relu(self.conv1(x), LEAK)
        hidden = F.leaky_relu(self.conv2(hidden), LEAK)
        residual: Tensor = self.conv3(hidden)
        return x + residual


class ResidualUpscaler(nn.Module):
    """Super-resolution by a flat stack of residual blocks in low resolution and one pixel shuffle.

    low_res (N, 3, H, W) in [0, 1] -> high_res (N, 3, H * scale, W * scale), not clipped.
    Where `unshuffle` is 2 the body works at half the input's size (H and W must be even).

    The last convolution takes the body's output and input and the picture, and is initialised to nearest-neighbour
    enlargement: sub-pixel convolution (Shi et al. 2016) with a global residual and no resize node.
    """

    def __init__(self, scale: int, channels: int, blocks: int, unshuffle: int = 1) -> None:
        super().__init__()
        self.scale, self.channels, self.blocks, self.unshuffle = scale, channels, blocks, unshuffle
        in_channels = 3 * unshuffle**2
        shuffle = scale * unshuffle
        self.head = conv3x3(in_channels, channels)
        self.body = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))
        self.tail = conv3x3(2 * channels + in_channels, 3 * shuffle**2, gain=0.1)
        self._begin_as_nearest(in_channels, shuffle)

    def _begin_as_nearest(self, in_channels: int, shuffle: int) -> None:
        weight = self.tail.weight.data
        weight[:, -in_channels:] = 0
        for color in range(3):
            for y in range(shuffle):
                for x in range(shuffle):
                    source = (y // self.scale) * self.unshuffle + x // self.scale
                    target = color * shuffle**2 + y * shuffle + x
                    weight[target, -in_channels + color * self.unshuffle**2 + source, 1, 1] = 1

    def adapted(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weights of an upscaler of the same body and a multiple of this scale, made this one's: its result, shrunk.

        The last convolution makes the mean of the pixels that become one. Other weights come back as they are.
        """
        tail = weights.get("tail.weight")
        larger = 0 if tail is None else math.isqrt(len(tail) // 3)
        wanted = self.scale * self.unshuffle
        if larger <= wanted or larger % wanted:
            return weights
        return weights | {name: _shrunk(weights[name], larger, wanted) for name in ("tail.weight", "tail.bias")}

    @property
    def receptive_field(self) -> int:
        """How many input pixels on each side an output pixel depends on."""
        return (2 + 3 * self.blocks) * self.unshuffle + self.unshuffle - 1

    def forward(self, low_res: Tensor) -> Tensor:
        x = F.pixel_unshuffle(low_res, self.unshuffle) if self.unshuffle > 1 else low_res
        first = F.leaky_relu(self.head(x), LEAK)
        last = self.body(first)
        return F.pixel_shuffle(self.tail(torch.cat([last, first, x], dim=1)), self.scale * self.unshuffle)


def _shrunk(weights: Tensor, larger: int, side: int) -> Tensor:
    """Weights (3 * larger ** 2, ...) of a pixel shuffle as (3 * side ** 2, ...), the means of squares of pixels."""
    times = larger // side
    return weights.reshape(3, side, times, side, times, *weights.shape[1:]).mean((2, 4)).flatten(0, 2)
