"""The inpainting network: a push-pull filling, then a U-Net that adds detail to it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.unet import UNet

# Added to weights that are divided by.
_TINY = 1e-5


def push_pull(rgb: Tensor, known: Tensor, levels: int) -> Tensor:
    """A smooth filling of unknown pixels from known ones (push-pull; Gortler et al. 1996, section 3.4).

    rgb (N, 3, H, W) and known (N, 1, H, W), 1 where a pixel counts and 0 where not; H and W are multiples of
    2**levels. Known pixels stay as they are.
    """
    colors, weights = [rgb * known], [known]
    for _ in range(levels):
        colors.append(F.avg_pool2d(colors[-1], 2))
        weights.append(F.avg_pool2d(weights[-1], 2))
    whole = weights[-1].mean((2, 3), keepdim=True)
    guess = colors[-1].mean((2, 3), keepdim=True) / (whole + _TINY)
    for level in range(levels, -1, -1):
        here = colors[level] / (weights[level] + _TINY)
        # One known pixel among the four of the finer level counts as fully known.
        confidence = weights[level] if level == 0 else (4 * weights[level]).clamp(max=1)
        guess = torch.lerp(guess.expand_as(here), here, confidence)
        if level:
            guess = F.interpolate(guess, scale_factor=2.0, mode="bilinear", align_corners=False)
    return guess


class Inpainter(UNet):
    """Adds detail to a push-pull filling.

    (N, 4, H, W), RGB in [0, 1] and a code, -> (N, 3, H, W), not clipped. The code of a pixel is 0 where it is
    known and returned unchanged, 1 where it is unknown and its color is ignored, and 0.5 where its color is a
    blurred guess to be sharpened.
    """

    def __init__(self, widths: list[int], blocks: list[int]) -> None:
        super().__init__(5, 3, widths, blocks)

    def forward(self, given: Tensor) -> Tensor:
        rgb, code = given[:, :3], given[:, 3:]
        unknown = F.relu(2 * code - 1)
        guessed = 1 - (2 * code - 1).abs()
        smooth = push_pull(rgb, 1 - unknown, self.levels)
        base = torch.lerp(rgb, smooth, unknown)
        return base + (unknown + guessed) * super().forward(torch.cat([base, unknown, guessed], 1))
