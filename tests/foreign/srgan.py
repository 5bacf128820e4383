"""The torch twin of SRGAN (Ledig et al. 2017), to compare with."""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.prelu = nn.PReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.prelu(self.bn1(self.conv1(x)))
        hidden = self.bn2(self.conv2(hidden))
        return x + hidden


def _upsampler(channels: int) -> nn.Module:
    layers = {"conv": nn.Conv2d(channels, 4 * channels, 3, padding=1), "shuffle": nn.PixelShuffle(2)}
    return nn.Sequential(OrderedDict(layers | {"prelu": nn.PReLU()}))


class Srgan(nn.Module):
    """low_res (N, 3, H, W) in [0, 1] -> high_res (N, 3, H * scale, W * scale) in [0, 1]; scale is a power of two."""

    def __init__(self, scale: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.block1 = nn.Sequential(nn.Conv2d(3, channels, 9, padding=4), nn.PReLU())
        self.bodies = [f"block{number}" for number in range(2, blocks + 2)]
        for name in self.bodies:
            self.add_module(name, _Block(channels))
        self.joint, self.end = f"block{blocks + 2}", f"block{blocks + 3}"
        joint = [nn.Conv2d(channels, channels, 3, padding=1), nn.PReLU()]
        self.add_module(self.joint, nn.Sequential(*joint))
        ups = [_upsampler(channels) for _ in range(int(math.log2(scale)))]
        self.add_module(self.end, nn.Sequential(*ups, nn.Conv2d(channels, 3, 9, padding=4)))

    def forward(self, low_res: Tensor) -> Tensor:
        first = self.block1(low_res)
        x = first
        for name in (*self.bodies, self.joint):
            x = self.get_submodule(name)(x)
        return (torch.tanh(self.get_submodule(self.end)(first + x)) + 1) / 2
