"""A small U-Net (Ronneberger et al. 2015) on half-size pixels, made of plain convolutions."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.training.generators import LEAK, conv3x3

UNSHUFFLE = 2


class Block(nn.Module):
    """Two convolutions and a skip connection; the smaller `gain`, the closer to the identity at initialisation."""

    def __init__(self, channels: int, gain: float = 0.1) -> None:
        super().__init__()
        self.conv1 = conv3x3(channels, channels)
        self.conv2 = conv3x3(channels, channels, gain)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.conv2(F.leaky_relu(self.conv1(x), LEAK))
        return x + residual


class Down(nn.Module):
    """Half the size, then `blocks` blocks."""

    def __init__(self, in_channels: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(*(Block(channels) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(F.leaky_relu(self.conv(x), LEAK))  # type: ignore[no-any-return]


class Up(nn.Module):
    """Twice the size, the features of that size added, then one block."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 1)
        self.block = Block(channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(self.conv(x), scale_factor=2.0, mode="nearest") + skip
        return self.block(F.leaky_relu(x, LEAK))  # type: ignore[no-any-return]


class UNet(nn.Module):
    """(N, in_channels, H, W) -> (N, out_channels, H, W), close to zero at initialisation.

    widths are the channels at each size, from half the input's downwards, and blocks how many blocks each begins
    with. H and W are multiples of `multiple_of`. With `gate` the mean over the picture is added to the coarsest
    features.
    """

    def __init__(
        self, in_channels: int, out_channels: int, widths: list[int], blocks: list[int], *, gate: bool = True
    ) -> None:
        super().__init__()
        self.levels, self.blocks = len(widths), blocks
        packed = in_channels * UNSHUFFLE**2
        self.head = conv3x3(packed, widths[0])
        self.first = nn.Sequential(*(Block(widths[0]) for _ in range(blocks[0])))
        pairs = list(itertools.pairwise(widths))
        self.down = nn.ModuleList([Down(*pair, count) for pair, count in zip(pairs, blocks[1:], strict=True)])
        self.gate = nn.Conv2d(widths[-1], widths[-1], 1) if gate else None
        self.up = nn.ModuleList([Up(small, large) for large, small in reversed(pairs)])
        self.tail = conv3x3(widths[0] + packed, out_channels * UNSHUFFLE**2, gain=0.1)

    @property
    def multiple_of(self) -> int:
        return int(UNSHUFFLE * 2 ** (self.levels - 1))

    @property
    def receptive_field(self) -> int:
        """How many input pixels on each side an output pixel depends on, the gate aside."""
        field = self.multiple_of
        for level, blocks in enumerate(self.blocks):
            # A convolution that leads here at the size above, and two for each block, one more in the decoder.
            steps = UNSHUFFLE * 2**level
            decoded = 1 if level < self.levels - 1 else 0
            field += (steps // 2 if level else 2 * steps) + 2 * steps * (blocks + decoded)
        return field

    def encoded(self, packed: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(the coarsest features, those of each size above it from the finest on) of half-size pixels."""
        x = self.first(F.leaky_relu(self.head(packed), LEAK))
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)
        if self.gate is not None:
            x = x + self.gate(x.mean((2, 3), keepdim=True))
        return x, skips

    def decoded(self, x: Tensor, skips: list[Tensor], packed: Tensor) -> Tensor:
        """The output at the input's size, from what `encoded` gives."""
        for up, skip in zip(self.up, reversed(skips), strict=True):
            x = up(x, skip)
        # fp32, since it may be added to pixels, for which bf16 is too coarse.
        return F.pixel_shuffle(self.tail(torch.cat([x, packed], 1)), UNSHUFFLE).float()

    def forward(self, image: Tensor) -> Tensor:
        packed = F.pixel_unshuffle(image, UNSHUFFLE)
        return self.decoded(*self.encoded(packed), packed)
