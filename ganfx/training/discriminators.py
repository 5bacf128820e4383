"""Discriminators, stabilised by spectral normalisation (Miyato et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganfx.errors import TrainingError

LEAK = 0.2
# Makes up for what spectral normalisation takes from the signal in each layer.
_GAIN = 2.0
_TINY = 1e-8
# Numbers of a vector that mini-batch discrimination compares.
_LENGTH = 16
# Layers of SqueezeNet by their index among its activations, and their channels.
_LAYERS = {0: 64, 1: 128, 2: 256, 4: 384}


def _conv(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Module:
    # A kernel size divisible by the stride weighs all pixels alike, so the gradient has no checkerboard.
    return spectral_norm(nn.Conv2d(in_channels, out_channels, kernel, stride, padding=(kernel - 1) // 2))


class PatchDiscriminator(nn.Module):
    """One logit for each overlapping patch (Isola et al. 2017): (N, C, H, W) in [0, 1] -> (N, 1, H / 8, W / 8)."""

    compares = 0
    """Planes that say how much the pictures of a batch differ; where there are some, real and fake ones do not meet."""

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
        # Not normalised, since the logits behind normalised layers would be too small to separate real from fake.
        self.logit = nn.Conv2d(channels * 4 + self.compares, 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 2 - 1
        for conv in self.convs:
            x = _GAIN * F.leaky_relu(conv(x), LEAK)
        if self.compares:
            found = self.compared(x.float())[:, :, None, None].to(x.dtype)
            x = torch.cat([x, found.expand(-1, -1, *x.shape[2:])], 1)
        logits: Tensor = self.logit(x)
        return logits

    def compared(self, features: Tensor) -> Tensor:
        """How the pictures of features (N, C, h, w) differ from the others of their batch: (N, `compares`)."""
        return features.new_zeros(len(features), self.compares)


class DeviationDiscriminator(PatchDiscriminator):
    """Sees the mean standard deviation of its features over the batch (Karras et al. 2018): fakes that are all alike
    give themselves away."""

    compares = 1

    def compared(self, features: Tensor) -> Tensor:
        deviation = (features.var(0, correction=0) + _TINY).sqrt().mean()
        return deviation.expand(len(features), 1)


class MinibatchDiscriminator(PatchDiscriminator):
    """Sees how near each picture is to the others of its batch, by learnt measures (mini-batch discrimination, Salimans
    et al. 2016): `compares` sums of exp(-distance), of vectors of _LENGTH numbers."""

    compares = 8

    def __init__(self, channels: int = 32, in_channels: int = 3) -> None:
        super().__init__(channels, in_channels)
        self.measure = nn.Linear(channels * 4, self.compares * _LENGTH)

    def compared(self, features: Tensor) -> Tensor:
        vectors = self.measure(features.mean((2, 3))).view(len(features), self.compares, _LENGTH)
        distances = (vectors[:, None] - vectors[None]).abs().sum(3)
        # Without the picture itself, whose distance is 0.
        return torch.exp(-distances).sum(1) - 1


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


class FeatureDiscriminator(nn.Module):
    """One logit for each place, from the features of a frozen network (Sauer et al. 2021), for small sets.

    rgb (N, 3, H, W) in [0, 1] -> (N, 4, H / 8, W / 8), one plane for each layer. The network is not part of the
    discriminator's state.
    """

    def __init__(self, channels: int, network: nn.Module) -> None:
        super().__init__()
        self._frozen = (network,)
        self.heads = nn.ModuleList(
            nn.Sequential(_conv(width, channels * 2, 3), nn.LeakyReLU(LEAK), nn.Conv2d(channels * 2, 1, 3, padding=1))
            for width in _LAYERS.values()
        )

    def forward(self, image: Tensor) -> Tensor:
        layers = self._frozen[0](image)
        size = (image.shape[2] // 8, image.shape[3] // 8)
        logits = [self._logits(head, layers[index], size) for head, index in zip(self.heads, _LAYERS, strict=True)]
        return torch.cat(logits, 1)

    @staticmethod
    def _logits(head: nn.Module, layer: Tensor, size: tuple[int, int]) -> Tensor:
        # Of the same length in each place, or the strongest edges would dominate.
        normalised = F.normalize(layer, dim=1, eps=1e-4) * layer.shape[1] ** 0.5
        return F.interpolate(head(normalised), size, mode="nearest")


class UNetDiscriminator(nn.Module):
    """One logit for each pixel, with context (Schonfeld et al. 2020): (N, C, H, W) -> (N, 1, H, W).

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
    "patch-deviation": DeviationDiscriminator,
    "patch-minibatch": MinibatchDiscriminator,
    "patches": PatchesDiscriminator,
    "unet": UNetDiscriminator,
}
# The kind that needs a feature network, and the one that replaces it where there is none.
_FEATURES, _FALLBACK = "features", "patches"


def discriminator(kind: str, channels: int, feature_network: nn.Module | None = None) -> nn.Module:
    """A new discriminator of one of `KINDS`, or "features", over `feature_network`. Raises TrainingError."""
    if kind == _FEATURES and feature_network is not None:
        return FeatureDiscriminator(channels, feature_network)
    try:
        return KINDS[_FALLBACK if kind == _FEATURES else kind](channels)
    except KeyError:
        raise TrainingError(f"no discriminator {kind!r}", hint=f"kinds: {', '.join([*KINDS, _FEATURES])}") from None


def set_trainable(network: nn.Module, trainable: bool) -> None:
    """Turn the gradients of `network`'s weights on or off; those of its input pass either way."""
    for parameter in network.parameters():
        parameter.requires_grad_(trainable)
