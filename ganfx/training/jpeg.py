"""JPEG artefacts (ITU-T T.81) without the entropy coding, for a whole batch on its device."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.resample import dct_matrix

# T.81 annex K.1, luminance and chrominance.
_LUMINANCE = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_CHROMINANCE = torch.full((8, 8), 99)
_CHROMINANCE[:4, :4] = torch.tensor([[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]])

# JFIF: full-range BT.601.
_TO_YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def _table(base: Tensor, quality: Tensor) -> Tensor:
    """Quantisation steps (N, 8, 8) as libjpeg scales them for `quality` (N,) in 1..100."""
    factor = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None, None]
    return ((base.to(quality) * factor + 50) / 100).floor().clamp(1, 255)


def _quantise(plane: Tensor, table: Tensor) -> Tensor:
    """Quantise the 8x8 DCT of `plane` (N, C, H, W), sides multiples of 8, centred on zero, in 0..255 steps."""
    n, c, height, width = plane.shape
    dct = dct_matrix().to(plane)
    blocks = plane.reshape(n, c, height // 8, 8, width // 8, 8).transpose(3, 4)
    steps = table[:, None, None, None]
    coefficients = torch.round(dct @ blocks @ dct.T / steps) * steps
    return (dct.T @ coefficients @ dct).transpose(3, 4).reshape(n, c, height, width)


def jpeg(image: Tensor, quality: Tensor, subsample: Tensor) -> Tensor:
    """`image` (N, 3, H, W) in [0, 1] after a JPEG of `quality` (N,), 1..100; same shape and range.

    `subsample` (N,) of bool chooses 4:2:0 or 4:4:4 chroma for each image.
    """
    height, width = image.shape[-2:]
    padded = F.pad(image, (0, -width % 16, 0, -height % 16), mode="replicate")
    ycc = torch.einsum("dc,nchw->ndhw", _TO_YCC.to(image), padded) * 255
    luma = _quantise(ycc[:, :1] - 128, _table(_LUMINANCE, quality)) + 128
    table = _table(_CHROMINANCE, quality)
    full = _quantise(ycc[:, 1:], table)
    half = _quantise(F.avg_pool2d(ycc[:, 1:], 2), table)
    half = F.interpolate(half, scale_factor=2.0, mode="bilinear", align_corners=False)
    chroma = torch.where(subsample[:, None, None, None], half, full)
    rgb = torch.einsum("dc,nchw->ndhw", torch.linalg.inv(_TO_YCC).to(image), torch.cat([luma, chroma], 1))
    return (rgb.round() / 255).clamp(0, 1)[..., :height, :width]
