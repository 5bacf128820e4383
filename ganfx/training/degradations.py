"""Degradations for super-resolution, as batched tensor code on the training device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganfx.training.jpeg import jpeg
from ganfx.training.resample import BOX, CUBIC, KERNELS, apply_separable, blur_matrix, resize_matrix


@dataclass(frozen=True)
class Degradation:
    """Shares of a batch: untouched but for the bicubic, camera-like, and real-world; they sum to one.

    Pairs are (lowest, highest): blur in standard deviations at full size, noise in 1/255, JPEG quality 1..100.
    """

    clean: float
    camera: float
    real_world: float
    camera_blur: tuple[float, float]
    camera_noise: tuple[float, float]
    camera_quality: tuple[float, float]
    real_world_blur: tuple[float, float]
    real_world_noise: tuple[float, float]
    real_world_quality: tuple[float, float]


def uniform(count: int, bounds: tuple[float, float], device: torch.device) -> Tensor:
    low, high = bounds
    return low + (high - low) * torch.rand(count, device=device)


def _noise(image: Tensor, strength: Tensor) -> Tensor:
    """Add sensor noise: Gaussian of `strength` (N,) in 1/255, for some images grey, for some signal-dependent."""
    n = len(image)
    noise = torch.randn_like(image)
    grey = torch.rand(n, 1, 1, 1, device=image.device) < 0.25
    noise = torch.where(grey, noise[:, :1], noise)
    shot = torch.rand(n, 1, 1, 1, device=image.device) < 0.25
    noise = torch.where(shot, noise * (image.clamp_min(0) * 2).sqrt(), noise)
    return image + noise * strength[:, None, None, None] / 255


def compressed(image: Tensor, bounds: tuple[float, float]) -> Tensor:
    n, device = len(image), image.device
    return jpeg(image.clamp(0, 1), uniform(n, bounds, device), torch.rand(n, device=device) < 0.75)


def _shrunk(high_res: Tensor, scale: int, sigma: tuple[Tensor, Tensor], kernels: Tensor) -> Tensor:
    n, _, size, _ = high_res.shape
    full = torch.full((n,), size, device=high_res.device)
    resize = resize_matrix(full, full // scale, kernels, (size // scale, size))
    return apply_separable(high_res, resize @ blur_matrix(size, sigma[0]), resize @ blur_matrix(size, sigma[1]))


def clean(high_res: Tensor, scale: int) -> Tensor:
    """Antialiased bicubic: high_res (N, 3, S, S) in [0, 1] -> (N, 3, S / scale, S / scale), 8-bit steps."""
    kernels = torch.full((len(high_res),), CUBIC, device=high_res.device)
    none = torch.zeros(len(high_res), device=high_res.device)
    return (_shrunk(high_res, scale, (none, none), kernels).clamp(0, 1) * 255).round() / 255


def camera(high_res: Tensor, scale: int, settings: Degradation) -> Tensor:
    """One pass through a lens, a sensor and a JPEG; shapes as in `clean`."""
    n, device = len(high_res), high_res.device
    sigma = uniform(n, settings.camera_blur, device)
    kernels = torch.where(torch.rand(n, device=device) < 0.5, BOX, CUBIC)
    low_res = _shrunk(high_res, scale, (sigma, sigma), kernels)
    return compressed(_noise(low_res, uniform(n, settings.camera_noise, device)), settings.camera_quality)


def real_world(high_res: Tensor, scale: int, settings: Degradation) -> Tensor:
    """Two rounds of blur, resize, noise and JPEG (after Wang et al. 2021, but milder); shapes as in `clean`."""
    n, _, size, _ = high_res.shape
    device = high_res.device
    full = torch.full((n,), size, device=device)
    middle = (size * uniform(n, (1.2 / scale, 1.0), device)).round().long()
    first = resize_matrix(full, middle, torch.randint(len(KERNELS), (n,), device=device), (size, size))
    second = resize_matrix(
        middle, full // scale, torch.randint(len(KERNELS), (n,), device=device), (size // scale, size)
    )
    blur_y, blur_x = (uniform(n, settings.real_world_blur, device) for _ in "yx")
    image = apply_separable(high_res, first @ blur_matrix(size, blur_y), first @ blur_matrix(size, blur_x))
    image = _noise(image, uniform(n, settings.real_world_noise, device))
    image = apply_separable(compressed(image, settings.real_world_quality), second, second)
    image = _noise(image, uniform(n, settings.real_world_noise, device) / 2)
    return compressed(image, settings.real_world_quality)


def degrade(high_res: Tensor, scale: int, settings: Degradation) -> Tensor:
    """Degrade each image by the kind of its place in the batch: first clean, then camera, then real-world ones."""
    n = len(high_res)
    clean_count, camera_count = round(n * settings.clean), round(n * settings.camera)
    parts = []
    if clean_count:
        parts.append(clean(high_res[:clean_count], scale))
    if camera_count:
        parts.append(camera(high_res[clean_count : clean_count + camera_count], scale, settings))
    if clean_count + camera_count < n:
        parts.append(real_world(high_res[clean_count + camera_count :], scale, settings))
    return torch.cat(parts)
