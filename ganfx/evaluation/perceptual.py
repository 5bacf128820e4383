"""Perceptual distances between pictures: LPIPS, and VGG-19 features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.errors import ModelError, TrainingError
from ganfx.imaging.picture import Floats
from ganfx.training.features import Lpips, VggFeatures


def as_tensor(rgb: Floats) -> Tensor:
    """rgb (H, W, 3) -> (1, 3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))[None]


class VggDistance:
    """How far two pictures are apart in VGG-19 (Simonyan and Zisserman 2014), conv1_1 to conv3_1.

    The squared distance of channel vectors scaled to unit length, averaged over positions and then over layers:
    LPIPS without learned weights. 0 for equal pictures. Raises ModelError where the arrays are not in `folder`.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self.network = VggFeatures(folder)
        except TrainingError as error:
            raise ModelError(str(error), hint=error.hint) from error

    def features(self, rgb: Tensor) -> list[Tensor]:
        """rgb (N, 3, H, W) in [0, 1] -> the unit-length activations of each layer."""
        return [F.normalize(layer, dim=1, eps=1e-8) for layer in self.network(rgb)]

    def distance(self, features: list[Tensor], others: list[Tensor]) -> float:
        gaps = [((one - other) ** 2).sum(1).mean() for one, other in zip(features, others, strict=True)]
        return float(torch.stack(gaps).mean())


class PerceptualDistance:
    """LPIPS and VGG distance to one reference after another, whose activations are computed once."""

    def __init__(self, folder: Path) -> None:
        self.lpips = Lpips(folder)
        self.vgg = VggDistance(folder)

    @torch.no_grad()
    def set_reference(self, truth: Floats) -> None:
        """Take `truth` (H, W, 3) in [0, 1] as the reference."""
        tensor = as_tensor(truth)
        self.lpips_truth = self.lpips.backbone(tensor)
        self.vgg_truth = self.vgg.features(tensor)

    @torch.no_grad()
    def distances(self, output: Floats) -> tuple[float, float]:
        """(LPIPS, VGG distance) of `output`, of the size of the reference."""
        tensor = as_tensor(output)
        lpips = self.lpips.distance(self.lpips.backbone(tensor), self.lpips_truth)
        return float(lpips), self.vgg.distance(self.vgg.features(tensor), self.vgg_truth)
