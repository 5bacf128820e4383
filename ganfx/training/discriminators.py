"""Judges of real and fake, stabilised by spectral normalisation (Miyato et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

LEAK = 0.2


def _conv(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Module:
    # A kernel divisible by its stride weighs every pixel alike: no checkerboard in the gradient.
    return spectral_norm(nn.Conv2d(in_channels, out_channels, kernel, stride, padding=(kernel - 1) // 2))


class PatchDiscriminator(nn.Module):
    """One logit for each overlapping patch (Isola et al. 2017): (N, C, H, W) in [0, 1] -> (N, 1, H / 8, W / 8)."""

    def __init__(self, channels: int = 32, in_channels: int = 3) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [
                _conv(in_channels, channels, 4, 2),
                _conv(channels, channels * 2, 4, 2),
                _conv(channels * 2, channels * 4, 4, 2),
                _conv(channels * 4, channels * 4, 3),
            ]
        )
        self.logit = _conv(channels * 4, 1, 3)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 2 - 1
        for conv in self.convs:
            x = F.leaky_relu(conv(x), LEAK)
        logits: Tensor = self.logit(x)
        return logits


class PatchesDiscriminator(nn.Module):
    """Two patch discriminators (Wang et al. 2018), one at half the size: (N, C, H, W) -> (N, 2, H / 8, W / 8)."""

    def __init__(self, channels: int = 32, in_channels: int = 3) -> None:
        super().__init__()
        self.fine = PatchDiscriminator(channels, in_channels)
        self.coarse = PatchDiscriminator(channels, in_channels)

    def forward(self, image: Tensor) -> Tensor:
        fine = self.fine(image)
        coarse = F.interpolate(self.coarse(F.avg_pool2d(image, 2)), fine.shape[2:], mode="nearest")
        return torch.cat([fine, coarse], 1)


class UNetDiscriminator(nn.Module):
    """One logit for each pixel, judged with context (Schonfeld et al. 2020): (N, C, H, W) -> (N, 1, H, W).

    H and W must be multiples of 8.
    """

    def __init__(self, channels: int = 32, in_channels: int = 3) -> None:
        super().__init__()
        c = channels
        self.entry = nn.Conv2d(in_channels, c, 3, padding=1)
        self.down = nn.ModuleList([_conv(c, c * 2, 4, 2), _conv(c * 2, c * 4, 4, 2), _conv(c * 4, c * 8, 4, 2)])
        self.up = nn.ModuleList([_conv(c * 8, c * 4, 3), _conv(c * 4, c * 2, 3), _conv(c * 2, c, 3)])
        self.polish = _conv(c, c, 3)
        self.logit = nn.Conv2d(c, 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        x = F.leaky_relu(self.entry(image * 2 - 1), LEAK)
        skips = []
        for conv in self.down:
            skips.append(x)
            x = F.leaky_relu(conv(x), LEAK)
        for conv, skip in zip(self.up, reversed(skips), strict=True):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = F.leaky_relu(conv(x), LEAK) + skip
        logits: Tensor = self.logit(F.leaky_relu(self.polish(x), LEAK))
        return logits


KINDS: dict[str, type[nn.Module]] = {
    "patch": PatchDiscriminator,
    "patches": PatchesDiscriminator,
    "unet": UNetDiscriminator,
}


def set_trainable(network: nn.Module, trainable: bool) -> None:
    """Let gradients pass through `network` without (or again with) collecting them in its weights."""
    for parameter in network.parameters():
        parameter.requires_grad_(trainable)
