"""The cleaner: a U-Net that is told how strong the damage is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganfx.training.unet import UNet

# The damage that a strength of 1 stands for: a root mean square difference of 50/255 from the clean picture.
FULL_STRENGTH = 50 / 255


class Cleaner(nn.Module):
    """rgb (N, 3, H, W) in [0, 1] and strength (N,) in 0..1 -> the clean picture (N, 3, H, W), not clipped.

    The strength comes in as a constant plane (Zhang et al. 2018, FFDNet), so that one network serves all of them. It
    has no gate over the picture: what a place becomes depends on what is near it, wherever tiles are cut.
    """

    def __init__(self, widths: list[int], blocks: list[int]) -> None:
        super().__init__()
        self.unet = UNet(4, 3, widths, blocks, gate=False)

    def forward(self, rgb: Tensor, strength: Tensor) -> Tensor:
        plane = strength.reshape(-1, 1, 1, 1).expand(len(rgb), 1, rgb.shape[2], rgb.shape[3])
        change: Tensor = self.unet(torch.cat([rgb, plane], 1))
        return rgb + change
