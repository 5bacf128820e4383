"""Strokes along the edges of a picture, out of noise, by fixed filters that become part of a style's network.

Directions of edges are the structure tensor's (Brox et al. 2006). Strokes are noise averaged along them: line integral
convolution (Cabral and Leedom 1993), by short straight lines a few times over, each pixel's line mixed from a bank of
rotated ones as in steerable filters (Freeman and Adelson 1991). So there are only convolutions, products and sums,
which every provider has.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.training.style_losses import luminance

# Planes of noise that a network with brushwork gets after the picture's channels.
PLANES = 3
# Scharr's derivative: nearly the same for all directions.
_DERIVATIVE = ((-3.0, 0.0, 3.0), (-10.0, 0.0, 10.0), (-3.0, 0.0, 3.0))
# Slopes of luminance a pixel below which there is no edge, but noise or compression.
_EVEN = 0.012
# Sigma in pixels over which directions are averaged, and (sigma, weight) of the wider averages: even areas follow the
# edges around them. Those are taken at a size so many times smaller.
_FINE, _WIDER, _REDUCTION = 3.0, ((12.0, 0.3), (22.0, 0.15)), 4
# What directions fall back on where nothing is near: doubled angle of 20 degrees.
_FALLBACK = (1e-5 * math.cos(math.radians(40)), 1e-5 * math.sin(math.radians(40)))
# Lines in the bank, and the exponent with which the nearest ones are taken: half of it is reached between two lines.
_LINES, _SHARPNESS = 12, 20
# How often noise is averaged along the edges: the more, the better strokes bend with them.
_PASSES = 3
# The two Gaussians that make strokes of noise, in widths.
_CORE, _AROUND = 0.6, 1.6


@dataclass(frozen=True)
class BrushLayer:
    """One plane of strokes, or of blobs.

    plane    which plane of noise it grows from
    width    of a stroke in pixels; of a blob its sigma
    length   of a stroke in pixels; 0: blobs
    degrees  the direction of all strokes, clockwise from the right; None: along the edges
    """

    plane: int
    width: float
    length: float = 0.0
    degrees: float | None = None


def gradients(light: Tensor) -> tuple[Tensor, Tensor]:
    """The slopes of (N, 1, H, W) a pixel to the right, and down."""
    across = torch.tensor(_DERIVATIVE, device=light.device) / 32
    kernels = torch.stack([across, across.T])[:, None]
    slopes = F.conv2d(F.pad(light, (1, 1, 1, 1), mode="reflect"), kernels)
    return slopes[:, :1], slopes[:, 1:]


def structure_tensor(rgb: Tensor) -> Tensor:
    """(N, 3, H, W) -> (N, 2, H, W), what directions of edges are averages of: the structure tensor (Brox et al. 2006),
    in which edges count by their slope instead of its square."""
    across, down = gradients(luminance(rgb))
    squared = across**2 + down**2
    # Along an edge: across it is the gradient, and twice the angle has the opposite sign.
    weight = -squared / (squared + _EVEN**2) / ((squared + 1e-12).sqrt() + 1e-4)
    return torch.cat([across**2 - down**2, 2 * across * down], 1) * weight


class Gaussian(nn.Module):
    """(N, C, H, W) under a Gaussian blur of standard deviation `sigma` in pixels, mirrored at the edges."""

    kernel: Tensor

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.reach = max(1, round(2.5 * sigma))
        offsets = torch.arange(-self.reach, self.reach + 1)
        self.register_buffer("kernel", torch.softmax(-(offsets**2) / (2 * sigma**2), 0), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        channels = image.shape[1]
        across, down = (
            self.kernel.reshape(shape).repeat(channels, 1, 1, 1) for shape in ((1, 1, 1, -1), (1, 1, -1, 1))
        )
        padded = F.pad(image, (self.reach,) * 4, mode="reflect")
        blurred: Tensor = F.conv2d(F.conv2d(padded, across, groups=channels), down, groups=channels)
        return blurred


class Directions(nn.Module):
    """rgb (N, 3, H, W) -> (N, 2, H / size, W / size) of unit length: (cos 2a, sin 2a) with `a` the angle of the edges
    to the right and down. H and W are multiples of 4.

    reach is how many pixels on each side a direction depends on, min_size the least height and width in pixels.
    """

    fallback: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("fallback", torch.tensor(_FALLBACK)[None, :, None, None], persistent=False)
        self.fine = Gaussian(_FINE / size)
        wider = [Gaussian(sigma / _REDUCTION) for sigma, _ in _WIDER]
        self.wider = nn.ModuleList(wider)
        widest = max(blur.reach for blur in wider)
        self.reach = 1 + max((widest + 2) * _REDUCTION, (self.fine.reach + 1) * size)
        self.min_size = (widest + 1) * _REDUCTION

    def forward(self, rgb: Tensor) -> Tensor:
        tensor = structure_tensor(rgb)
        tensor = F.avg_pool2d(tensor, self.size) if self.size > 1 else tensor
        small = F.avg_pool2d(tensor, _REDUCTION // self.size)
        averages = [share * blur(small) for blur, (_, share) in zip(self.wider, _WIDER, strict=True)]
        wide = torch.stack(averages).sum(0)
        wide = F.interpolate(wide, scale_factor=float(_REDUCTION // self.size), mode="bilinear")
        total = self.fine(tensor) + wide + self.fallback
        return unit_length(total)


def unit_length(vectors: Tensor) -> Tensor:
    """(N, 2, H, W) of length 1. In half precision, too, which does not hold the squares of what even areas leave."""
    largest = vectors.abs().amax(1, keepdim=True).clamp_min(1e-6)
    length: Tensor = ((vectors / largest) ** 2).sum(1, keepdim=True).sqrt() * largest
    return vectors / (length + 1e-7)


def _line(half: float, degrees: float) -> Tensor:
    """A soft line (2 * reach + 1, 2 * reach + 1) of sum 1: a raised cosine of `half` pixels to each end."""
    reach = math.ceil(half)
    rows, columns = torch.meshgrid(*[torch.arange(-reach, reach + 1.0)] * 2, indexing="ij")
    angle = math.radians(degrees)
    lengthwise = columns * math.cos(angle) + rows * math.sin(angle)
    aside = rows * math.cos(angle) - columns * math.sin(angle)
    line = (1 - aside.abs()).clamp_min(0) * (0.5 + 0.5 * torch.cos(math.pi * (lengthwise / half).clamp(-1, 1)))
    return line / line.sum()


class Strokes(nn.Module):
    """noise (N, 1, h, w) and directions (N, 2, h, w) -> strokes (N, 1, h, w) of mean 0 and deviation 1.

    width and length are in pixels of the noise; with `degrees` all strokes have that direction. reach is how many
    pixels on each side a stroke depends on.
    """

    bank: Tensor
    headings: Tensor

    def __init__(self, width: float, length: float, degrees: float | None) -> None:
        super().__init__()
        self.core, self.around = Gaussian(_CORE * width), Gaussian(_AROUND * width)
        turned = [180 * line / _LINES for line in range(_LINES)] if degrees is None else [degrees]
        # As long as one pass over `length`: variances add up.
        self.passes = _PASSES if degrees is None else 1
        half = length / 2 / math.sqrt(self.passes)
        bank = torch.stack([_line(half, angle) for angle in turned])[:, None]
        self.register_buffer("bank", bank, persistent=False)
        doubled = torch.tensor([math.radians(2 * angle) for angle in turned])
        headings = torch.stack([doubled.cos(), doubled.sin()], 1)[:, :, None, None]
        self.register_buffer("headings", headings, persistent=False)
        self.margin = bank.shape[-1] // 2
        self.reach = self.around.reach + self.passes * self.margin
        self.gain = 1.0
        self.gain = 1 / float(self(*_sample()).std())

    def forward(self, noise: Tensor, directions: Tensor) -> Tensor:
        strokes: Tensor = self.gain * (self.core(noise) - self.around(noise))
        shares = F.relu(F.conv2d(directions, self.headings)) ** _SHARPNESS
        shares = shares / (shares.sum(1, keepdim=True) + 1e-6)
        for _ in range(self.passes):
            lines = F.conv2d(F.pad(strokes, (self.margin,) * 4, mode="reflect"), self.bank)
            strokes = (lines * shares).sum(1, keepdim=True) if len(self.bank) > 1 else lines
        return strokes


@functools.cache
def _sample() -> tuple[Tensor, Tensor]:
    """Noise, and one direction everywhere, to measure a gain on."""
    noise = torch.randn(1, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    angle = math.radians(40)
    return noise, torch.tensor([math.cos(angle), math.sin(angle)])[None, :, None, None].expand(1, 2, 256, 256)


class Blobs(nn.Module):
    """noise (N, 1, h, w) -> soft blobs (N, 1, h, w) of mean 0 and deviation 1."""

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.blur = Gaussian(sigma)
        self.gain = 1 / float(torch.square(self.blur.kernel).sum())
        self.reach = self.blur.reach

    def forward(self, noise: Tensor, directions: Tensor) -> Tensor:
        blobs: Tensor = self.gain * self.blur(noise)
        return blobs


class Brushwork(nn.Module):
    """rgb (N, 3, H, W), noise (N, PLANES, H, W) of mean 0 and deviation 1 -> the layers (N, len(layers), H / size,
    W / size), alike, and the directions of edges there, as of `Directions`. H and W are multiples of 4.

    reach is how many pixels on each side the layers depend on, min_size the least height and width in pixels: borders
    are mirrored, which takes pixels to mirror.
    """

    def __init__(self, layers: Sequence[BrushLayer], size: int = 1) -> None:
        super().__init__()
        self.size = size
        self.planes = [layer.plane for layer in layers]
        self.directions = Directions(size)
        made = [
            Strokes(layer.width / size, layer.length / size, layer.degrees)
            if layer.length
            else Blobs(layer.width / size)
            for layer in layers
        ]
        self.layers = nn.ModuleList(made)
        furthest = size * (1 + max(layer.reach for layer in made))
        self.reach = self.directions.reach + furthest
        self.min_size = max(self.directions.min_size, furthest)

    @torch.no_grad()
    def forward(self, rgb: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        directions = self.directions(rgb)
        # The average of so many values has so much less of a deviation.
        noise = F.avg_pool2d(noise, self.size) * self.size if self.size > 1 else noise
        made = [layer(noise[:, at : at + 1], directions) for layer, at in zip(self.layers, self.planes, strict=True)]
        return torch.cat(made, 1), directions
