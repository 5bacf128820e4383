"""Blur and resize as one matrix per image and axis, so that kernels and scales may differ within a batch."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def _box(x: Tensor) -> Tensor:
    return ((x >= -0.5) & (x < 0.5)).to(x.dtype)


def _triangle(x: Tensor) -> Tensor:
    return (1 - x.abs()).clamp_min(0)


def _cubic(x: Tensor) -> Tensor:
    """Keys 1981 with a = -0.5, the kernel of MATLAB's and Pillow's bicubic."""
    x = x.abs()
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def _lanczos3(x: Tensor) -> Tensor:
    return torch.where(x.abs() < 3, torch.sinc(x) * torch.sinc(x / 3), torch.zeros_like(x))


KERNELS: tuple[Callable[[Tensor], Tensor], ...] = (_box, _triangle, _cubic, _lanczos3)
BOX, TRIANGLE, CUBIC, LANCZOS3 = range(4)


def _normalised(weights: Tensor) -> Tensor:
    total = weights.sum(-1, keepdim=True)
    return torch.where(total.abs() > 1e-6, weights / total, torch.zeros_like(weights))


def resize_matrix(in_sizes: Tensor, out_sizes: Tensor, kernels: Tensor, shape: tuple[int, int]) -> Tensor:
    """Antialiased resampling of `in_sizes` to `out_sizes` pixels, both (N,), by kernel number `kernels` (N,).

    Returns (N, *shape), shape being (rows, columns) at least as large as every out and in size; rows and
    columns past a sample's own sizes are zero.
    """
    rows = torch.arange(shape[0], device=in_sizes.device)[None, :, None]
    columns = torch.arange(shape[1], device=in_sizes.device)[None, None, :]
    ratio = (in_sizes / out_sizes)[:, None, None]
    distance = (columns - ((rows + 0.5) * ratio - 0.5)) / ratio.clamp_min(1)
    weights = torch.zeros_like(distance)
    for number, kernel in enumerate(KERNELS):
        weights = torch.where((kernels == number)[:, None, None], kernel(distance), weights)
    inside = (rows < out_sizes[:, None, None]) & (columns < in_sizes[:, None, None])
    return _normalised(weights * inside)


def blur_matrix(size: int, sigmas: Tensor, in_sizes: Tensor | None = None) -> Tensor:
    """Gaussian blur of standard deviation `sigmas` (N,) in pixels as (N, size, size); zero gives the identity.

    Of pictures with padding, only the first `in_sizes` (N,) pixels count.
    """
    position = torch.arange(size, device=sigmas.device, dtype=sigmas.dtype)
    distance = position[None, :, None] - position[None, None, :]
    weights = torch.exp(-0.5 * (distance / sigmas.clamp_min(1e-3)[:, None, None]) ** 2)
    if in_sizes is not None:
        weights = weights * (position[None, None, :] < in_sizes[:, None, None])
    return _normalised(weights)


def apply_separable(image: Tensor, vertical: Tensor, horizontal: Tensor) -> Tensor:
    """(N, C, H, W) by vertical (N, H', H) and horizontal (N, W', W) -> (N, C, H', W')."""
    return vertical[:, None] @ image @ horizontal[:, None].transpose(-1, -2)


def dct_matrix(size: int = 8) -> Tensor:
    """The orthonormal DCT-II of `size` points as (size, size)."""
    k = torch.arange(size, dtype=torch.float64)
    matrix = torch.cos(math.pi * (2 * k[None, :] + 1) * k[:, None] / (2 * size)) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix.float()


def blurred(image: Tensor, sigma: float) -> Tensor:
    """(N, C, H, W) under a Gaussian blur of standard deviation `sigma` in pixels, mirrored at the edges."""
    reach = round(3 * sigma)
    offsets = torch.arange(-reach, reach + 1, device=image.device)
    kernel = torch.softmax(-(offsets**2) / (2 * sigma**2), 0)
    channels = image.shape[1]
    across, down = (kernel.reshape(shape).repeat(channels, 1, 1, 1) for shape in ((1, 1, 1, -1), (1, 1, -1, 1)))
    padded = F.pad(image, (reach,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, across, groups=channels), down, groups=channels)
