"""Distances between pictures as networks see them: LPIPS, and VGG-19 features that the training does not use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.errors import ModelError
from ganfx.picture import Floats
from ganfx.training.features import Lpips

_LAYERS = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")
_POOL_BEFORE = ("conv2_1", "conv3_1")
_MEAN = (123.68, 116.78, 103.94)


def as_tensor(rgb: Floats) -> Tensor:
    """rgb (H, W, 3) -> (1, 3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))[None]


class VggDistance:
    """How far two pictures are apart in VGG-19 (Simonyan and Zisserman 2014), conv1_1 to conv3_1.

    The squared distance of channel vectors scaled to unit length, averaged over positions and then over layers:
    LPIPS without learned weights. 0 means alike. The arrays are not part of ganfx; they are looked for as
    `vgg19_conv1_1-conv3_1_caffe.npz` in the folder of features.
    """

    def __init__(self, folder: Path) -> None:
        try:
            stored = np.load(folder / "vgg19_conv1_1-conv3_1_caffe.npz")
        except OSError as error:
            raise ModelError(f"{folder}: no VGG-19 features there", hint="set GANFX_FEATURES") from error
        self.weights = {name: torch.from_numpy(stored[f"{name}.weight"]) for name in _LAYERS}
        self.biases = {name: torch.from_numpy(stored[f"{name}.bias"]) for name in _LAYERS}

    def features(self, rgb: Tensor) -> list[Tensor]:
        """rgb (N, 3, H, W) in [0, 1] -> the unit-length activations of each layer."""
        x = rgb * 255 - torch.tensor(_MEAN)[:, None, None]
        found = []
        for name in _LAYERS:
            if name in _POOL_BEFORE:
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, self.weights[name], self.biases[name], padding=1))
            found.append(F.normalize(x, dim=1, eps=1e-8))
        return found

    def distance(self, features: list[Tensor], others: list[Tensor]) -> float:
        gaps = [((one - other) ** 2).sum(1).mean() for one, other in zip(features, others, strict=True)]
        return float(torch.stack(gaps).mean())


class PerceptualDistance:
    """LPIPS and VGG distance to one picture after another, whose own activations are found only once."""

    def __init__(self, folder: Path) -> None:
        self.lpips = Lpips(folder)
        self.vgg = VggDistance(folder)

    @torch.no_grad()
    def look_at(self, truth: Floats) -> None:
        """Take `truth` (H, W, 3) in [0, 1] as the picture to compare with."""
        tensor = as_tensor(truth)
        self.lpips_truth = self.lpips.backbone(tensor)
        self.vgg_truth = self.vgg.features(tensor)

    @torch.no_grad()
    def to(self, output: Floats) -> tuple[float, float]:
        """(LPIPS, VGG distance) of `output`, of the size of the truth."""
        tensor = as_tensor(output)
        lpips = self.lpips.distance(self.lpips.backbone(tensor), self.lpips_truth)
        return float(lpips), self.vgg.distance(self.vgg.features(tensor), self.vgg_truth)
