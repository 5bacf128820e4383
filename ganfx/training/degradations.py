"""Degradations for super-resolution, as batched tensor code on the training device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganfx.training.jpeg import jpeg
from ganfx.training.resample import BOX, CUBIC, KERNELS, apply_separable, blur_matrix, blurred, resize_matrix

# Of what an upscaler learns from.
KINDS = ("clean", "camera", "worn")


@dataclass(frozen=True, kw_only=True)
class Worn:
    """Two rounds of blur, resize, noise and JPEG, and the share of a batch that goes through them.

    Pairs are (lowest, highest): blur as the standard deviation in pixels of the size so far, the middle size as a
    multiple of the final one, noise in 1/255, JPEG quality 1..100.
    """

    worn: float
    worn_blur: tuple[float, float]
    worn_resize: tuple[float, float]
    worn_noise: tuple[float, float]
    worn_quality: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Degradation(Worn):
    """Shares of a batch: untouched but for the bicubic, camera-like, and worn; they sum to one. Pairs as in `Worn`.

    cleaner: the name of the cleaner that goes over what has noise or compression, see `Cleaning`; None: nothing does.
    cleaned: the share of those pictures that it goes over.
    """

    clean: float
    camera: float
    camera_blur: tuple[float, float]
    camera_noise: tuple[float, float]
    camera_quality: tuple[float, float]
    cleaner: str | None = None
    cleaned: float = 1.0

    def counts(self, batch: int) -> list[int]:
        """How many pictures of a batch are of each of `KINDS`."""
        clean_count, camera_count = round(batch * self.clean), round(batch * self.camera)
        return [clean_count, camera_count, batch - clean_count - camera_count]

    def kinds_of(self, batch: int) -> list[str]:
        """The kind of each picture of a batch, in the order of `degrade`."""
        return [kind for kind, count in zip(KINDS, self.counts(batch), strict=True) for _ in range(count)]


def uniform(count: int, bounds: tuple[float, float], device: torch.device) -> Tensor:
    low, high = bounds
    return low + (high - low) * torch.rand(count, device=device)


def sensor_noise(image: Tensor, sigma: Tensor) -> Tensor:
    """Noise of `sigma` (N,) in 1/255 added to (N, 3, H, W): mostly white, some grey, some brighter in the light,
    some in soft grains, as a JPEG or a resize leaves it."""
    n = len(image)

    def some(share: float) -> Tensor:
        return torch.rand(n, 1, 1, 1, device=image.device) < share

    noise = torch.randn_like(image)
    noise = torch.where(some(0.25), noise[:, :1], noise)
    soft = blurred(noise, 0.6)
    noise = torch.where(some(0.2), soft / soft.std((1, 2, 3), keepdim=True), noise)
    noise = torch.where(some(0.25), noise * (image.clamp_min(0) * 2).sqrt(), noise)
    return image + noise * sigma[:, None, None, None] / 255


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


def camera(high_res: Tensor, scale: int, settings: Degradation) -> tuple[Tensor, Tensor]:
    """One pass through a lens, a sensor and a JPEG: (N, 3, S, S) in [0, 1] -> (N, 3, S / scale, S / scale).

    Returns the degraded pictures, and what blur and resize alone make of them.
    """
    n, device = len(high_res), high_res.device
    sigma = uniform(n, settings.camera_blur, device)
    kernels = torch.where(torch.rand(n, device=device) < 0.5, BOX, CUBIC)
    soft = _shrunk(high_res, scale, (sigma, sigma), kernels)
    noisy = sensor_noise(soft, uniform(n, settings.camera_noise, device))
    return compressed(noisy, settings.camera_quality), soft


def worn(picture: Tensor, scale: int, settings: Worn) -> tuple[Tensor, Tensor]:
    """Two rounds of blur, resize, noise and JPEG (after Wang et al. 2021); shapes and results as of `camera`."""
    n, _, size, _ = picture.shape
    device = picture.device
    full, final = (torch.full((n,), side, device=device) for side in (size, size // scale))
    middle = (final * uniform(n, settings.worn_resize, device)).round().long()
    largest = int(middle.max())
    kernels = [torch.randint(len(KERNELS), (n,), device=device) for _ in range(2)]
    first = resize_matrix(full, middle, kernels[0], (largest, size))
    first = first @ blur_matrix(size, uniform(n, settings.worn_blur, device))
    second = resize_matrix(middle, final, kernels[1], (size // scale, largest))
    second = second @ blur_matrix(largest, uniform(n, settings.worn_blur, device), middle)
    image = sensor_noise(apply_separable(picture, first, first), uniform(n, settings.worn_noise, device))
    image = apply_separable(compressed(image, settings.worn_quality), second, second)
    image = sensor_noise(image, uniform(n, (0.0, settings.worn_noise[1] / 4), device))
    return compressed(image, settings.worn_quality), apply_separable(picture, second @ first, second @ first)


def degrade(high_res: Tensor, scale: int, settings: Degradation) -> tuple[Tensor, Tensor]:
    """Degrade each image by the kind of its place in the batch: first clean, then camera, then worn ones.

    Shapes and results as of `camera`.
    """
    good, shot, old = torch.split(high_res, settings.counts(len(high_res)))
    untouched = clean(good, scale)
    parts = [(untouched, untouched)] if len(good) else []
    parts += [camera(shot, scale, settings)] if len(shot) else []
    parts += [worn(old, scale, settings)] if len(old) else []
    seen, soft = zip(*parts, strict=True)
    return torch.cat(seen), torch.cat(soft)
