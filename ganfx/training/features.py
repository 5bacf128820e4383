"""Perceptual features: SqueezeNet 1.1 (Iandola et al. 2016), LPIPS on top of it (Zhang et al. 2018), and the first
layers of VGG-19 (Simonyan and Zisserman 2014).

The arrays are not part of ganfx. They are looked for in the folder named by GANFX_FEATURES, as
`squeezenet1_1_torchvision.npz`, `lpips_squeeze_v0.1_lin.npz` and `vgg19_conv1_1-conv3_1_caffe.npz`, under
torchvision's, lpips' and Caffe's own key names.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.errors import TrainingError
from ganfx.training.losses import shifted

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
# Index in torchvision's `features`: (squeeze, expand) channels of each fire module.
_FIRES = {
    3: (16, 64),
    4: (16, 64),
    6: (32, 128),
    7: (32, 128),
    9: (48, 192),
    10: (48, 192),
    11: (64, 256),
    12: (64, 256),
}
_POOL_BEFORE = (3, 6, 9)
_TAPS = (4, 7, 9, 10, 11, 12)
# Of VGG-19: the mean of each color in 0..255, and (input, output) channels of its first layers.
_VGG_MEAN = (123.68, 116.78, 103.94)
_VGG_LAYERS = {
    "conv1_1": (3, 64),
    "conv1_2": (64, 64),
    "conv2_1": (64, 128),
    "conv2_2": (128, 128),
    "conv3_1": (128, 256),
}
_VGG_POOL_BEFORE = ("conv2_1", "conv3_1")


class _Fire(nn.Module):
    def __init__(self, in_channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class SqueezeFeatures(nn.Module):
    """rgb (N, 3, H, W) in [0, 1] -> the seven activations that LPIPS compares, from fine to coarse."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict({"0": nn.Conv2d(3, 64, 3, stride=2)})
        channels = 64
        for index, (squeeze, expand) in _FIRES.items():
            self.features[str(index)] = _Fire(channels, squeeze, expand)
            channels = 2 * expand
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_STD)[:, None, None], persistent=False)

    def forward(self, rgb: Tensor) -> list[Tensor]:
        x = F.relu(self.features["0"]((rgb - self.mean) / self.std))
        found = [x]
        for index in _FIRES:
            if index in _POOL_BEFORE:
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            x = self.features[str(index)](x)
            if index in _TAPS:
                found.append(x)
        return found


class Lpips(nn.Module):
    """Learned perceptual distance v0.1 (squeeze): two (N, 3, H, W) in [0, 1] -> (N,), 0 for equal ones."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.backbone = SqueezeFeatures()
        try:
            backbone = np.load(folder / "squeezenet1_1_torchvision.npz")
            heads = np.load(folder / "lpips_squeeze_v0.1_lin.npz")
        except OSError as error:
            raise TrainingError(f"{folder}: perceptual features not found", hint="set GANFX_FEATURES") from error
        wanted = self.backbone.state_dict()
        self.backbone.load_state_dict({key: torch.from_numpy(backbone[key]).float() for key in wanted})
        for number, key in enumerate(sorted(heads.files)):
            self.register_buffer(f"head{number}", torch.from_numpy(heads[key]).float().reshape(1, -1, 1, 1))
        self.requires_grad_(False).eval()

    def distance(self, features: list[Tensor], others: list[Tensor]) -> Tensor:
        """The distance (N,) of pictures by their activations."""
        total = torch.zeros(len(features[0]), device=features[0].device)
        for number, (one, other) in enumerate(zip(features, others, strict=True)):
            gap = F.normalize(one.float(), dim=1, eps=1e-10) - F.normalize(other.float(), dim=1, eps=1e-10)
            total = total + (gap**2 * getattr(self, f"head{number}")).sum(1).mean((1, 2))
        return total

    def between(self, fabric: Fabric, fake: Tensor, real: Tensor) -> Tensor:
        """The distance (N,) as a training loss: in the precision of `fabric`, under a random shift."""
        fake, real = shifted((fake, real))
        with fabric.autocast():
            with torch.no_grad():
                wanted = self.backbone(real)
            return self.distance(self.backbone(fake), wanted)

    def forward(self, rgb: Tensor, other: Tensor) -> Tensor:
        return self.distance(self.backbone(rgb), self.backbone(other))


class VggFeatures(nn.Module):
    """rgb (N, 3, H, W) in [0, 1] -> the activations of VGG-19's conv1_1 to conv3_1. Raises TrainingError."""

    mean: Tensor

    def __init__(self, folder: Path) -> None:
        super().__init__()
        try:
            stored = np.load(folder / "vgg19_conv1_1-conv3_1_caffe.npz")
        except OSError as error:
            raise TrainingError(f"{folder}: no VGG-19 features there", hint="set GANFX_FEATURES") from error
        convs = {name: nn.Conv2d(*channels, 3, padding=1) for name, channels in _VGG_LAYERS.items()}
        self.convs = nn.ModuleDict(convs)
        self.convs.load_state_dict({key: torch.from_numpy(stored[key]) for key in self.convs.state_dict()})
        self.register_buffer("mean", torch.tensor(_VGG_MEAN)[:, None, None], persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, rgb: Tensor) -> list[Tensor]:
        x = rgb * 255 - self.mean
        found = []
        for name, conv in self.convs.items():
            x = F.max_pool2d(x, 2) if name in _VGG_POOL_BEFORE else x
            x = F.relu(conv(x))
            found.append(x)
        return found

    def between(self, fabric: Fabric, fake: Tensor, real: Tensor) -> Tensor:
        """The distance of pictures as a training loss: in the precision of `fabric`, under a random shift.

        The mean absolute difference of the activations, each layer relative to the size of its activations.
        """
        fake, real = shifted((fake, real))
        with fabric.autocast():
            with torch.no_grad():
                wanted = self(real)
            found = self(fake)
        gaps = [
            (one.float() - other.float()).abs().mean() / other.float().abs().mean().clamp(min=1e-3)
            for one, other in zip(found, wanted, strict=True)
        ]
        return torch.stack(gaps).mean()
