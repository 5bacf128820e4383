"""Perceptual distances between pictures: LPIPS, and the features of VGG-19 and EfficientNet-Lite0."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.errors import ModelError, TrainingError
from ganfx.evaluation.efficientnet import EfficientNetFeatures, is_installed
from ganfx.imaging.picture import Floats
from ganfx.training.features import Lpips, VggFeatures


def as_tensor(rgb: Floats) -> Tensor:
    """rgb (H, W, 3) -> (1, 3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))[None]


class FeatureDistance:
    """How far two pictures are apart in the layers of a network.

    The squared distance of channel vectors scaled to unit length, averaged over positions and then over layers:
    LPIPS without learned weights. 0 for equal pictures.
    """

    def __init__(self, network: Callable[[Tensor], list[Tensor]]) -> None:
        self.network = network

    @torch.no_grad()
    def set_reference(self, rgb: Tensor) -> None:
        """Take rgb (1, 3, H, W) in [0, 1] as the reference."""
        self.truth = self._features(rgb)

    @torch.no_grad()
    def distance(self, rgb: Tensor) -> float:
        """Of rgb (1, 3, H, W) from the reference."""
        gaps = [((one - other) ** 2).sum(1).mean() for one, other in zip(self._features(rgb), self.truth, strict=True)]
        return float(torch.stack(gaps).mean())

    def _features(self, rgb: Tensor) -> list[Tensor]:
        return [F.normalize(layer, dim=1, eps=1e-8) for layer in self.network(rgb)]


def vgg_distance(folder: Path) -> FeatureDistance:
    """By VGG-19 (Simonyan and Zisserman 2014), conv1_1 to conv3_1.

    Raises ModelError where its arrays are not in `folder`.
    """
    try:
        return FeatureDistance(VggFeatures(folder))
    except TrainingError as error:
        raise ModelError(str(error), hint=error.hint) from error


class PerceptualDistance:
    """LPIPS, VGG and EfficientNet distances to one reference after another, whose activations are computed once.

    Figures are NaN where their networks are missing: `folder` has those of LPIPS and VGG, the `eval` extra the other's.
    Raises TrainingError or ModelError where the folder lacks an array.
    """

    def __init__(self, folder: Path | None) -> None:
        self.lpips = Lpips(folder) if folder else None
        self.by_features = {"vgg": vgg_distance(folder)} if folder else {}
        if is_installed():
            self.by_features["efficientnet"] = FeatureDistance(EfficientNetFeatures())

    @torch.no_grad()
    def set_reference(self, truth: Floats) -> None:
        """Take `truth` (H, W, 3) in [0, 1] as the reference."""
        tensor = as_tensor(truth)
        self.lpips_truth = self.lpips.backbone(tensor) if self.lpips else []
        for metric in self.by_features.values():
            metric.set_reference(tensor)

    @torch.no_grad()
    def figures(self, output: Floats) -> dict[str, float]:
        """lpips, vgg and efficientnet of `output`, of the size of the reference."""
        tensor = as_tensor(output)
        found = dict.fromkeys(("lpips", "vgg", "efficientnet"), math.nan)
        if self.lpips:
            found["lpips"] = float(self.lpips.distance(self.lpips.backbone(tensor), self.lpips_truth))
        return found | {name: metric.distance(tensor) for name, metric in self.by_features.items()}
