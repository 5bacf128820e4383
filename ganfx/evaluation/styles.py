"""Distances from a style in feature space: KID to its paintings, and distances of Gram matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.errors import ItemError, OptionError
from ganfx.evaluation.metrics import Plane
from ganfx.evaluation.perceptual import as_tensor
from ganfx.evaluation.protocol import Sample, middle, samples_of
from ganfx.evaluation.reference import NAN
from ganfx.imaging.picture import Floats
from ganfx.training.features import Lpips, VggFeatures

SIDE = 256


def kid_shares(features: Plane, reference: Plane) -> Plane:
    """The share of each picture in the kernel distance (KID, Binkowski et al. 2018) x 1000: (N,), with the KID as mean.

    features (N, C) and reference (M, C) are at most of unit length; the squared MMD is the unbiased one, of the
    kernel (x . y + 1)^3. NaN with fewer than two of either.
    """
    if min(len(features), len(reference)) < 2:
        return np.full(len(features), NAN)
    own, alike = _kernel(features, features), _kernel(reference, reference)
    within = (own.sum(1) - own.diagonal()) / (len(features) - 1)
    among = (alike.sum() - np.trace(alike)) / (len(reference) * (len(reference) - 1))
    return np.asarray(1000 * (within + among - 2 * _kernel(features, reference).mean(1)))


def _kernel(one: Plane, other: Plane) -> Plane:
    return np.asarray((one @ other.T + 1) ** 3)


def gram_distances(grams: list[Tensor], wanted: list[Tensor]) -> tuple[float, float]:
    """Of Gram matrices of several layers: the mean distance by the size of `wanted`, and the mean of its squares.

    The latter is the style loss of Gatys et al. (2016), each layer weighing the same.
    """
    gaps = torch.stack([(one - other).norm() / other.norm() for one, other in zip(grams, wanted, strict=True)])
    return float(gaps.mean()), float((gaps**2).mean())


@dataclass(frozen=True)
class PictureFeatures:
    """layers for LPIPS, pooled features (512,) for KID, Gram matrices of VGG-19's layers."""

    layers: list[Tensor]
    pooled: Plane
    grams: list[Tensor]


class FeatureExtractor:
    """SqueezeNet and VGG-19 from `folder`. Raises TrainingError where it lacks an array."""

    def __init__(self, folder: Path) -> None:
        self.lpips, self.vgg = Lpips(folder), VggFeatures(folder)

    @torch.no_grad()
    def extract(self, rgb: Floats) -> PictureFeatures:
        """The features of rgb (H, W, 3) in [0, 1].

        The pooled ones are the last layer's channels, of unit length at each place before they are averaged.
        """
        tensor = as_tensor(rgb)
        layers = self.lpips.backbone(tensor)
        pooled = F.normalize(layers[-1], dim=1).mean((2, 3))[0].double().numpy()
        return PictureFeatures(layers, pooled, [_gram(layer[0]) for layer in self.vgg(tensor)])

    @torch.no_grad()
    def lpips_between(self, one: PictureFeatures, other: PictureFeatures) -> float:
        """LPIPS of two pictures of one size."""
        return float(self.lpips.distance(one.layers, other.layers))


def _gram(layer: Tensor) -> Tensor:
    """The Gram matrix (C, C) of (C, H, W), averaged over positions."""
    flat = layer.flatten(1).double()
    return flat @ flat.mT / flat.shape[1]


@dataclass(frozen=True)
class Style:
    """A style: the names of its pictures, some of them to be shown, and the features of all.

    pooled (M, 512) and the mean Gram matrices are empty without a feature extractor.
    """

    name: str
    pictures: list[str]
    shown: list[Floats]
    pooled: Plane
    grams: list[Tensor]

    def halves(self) -> dict[str, float]:
        """The shares of every second picture in their KID to the others, by name; empty for fewer than four."""
        if len(self.pooled) < 4:
            return {}
        shares = kid_shares(self.pooled[::2], self.pooled[1::2])
        return dict(zip(self.pictures[::2], shares.tolist(), strict=True))


def open_style(path: Path, extractor: FeatureExtractor | None, show: int, say: Callable[[str], None]) -> Style:
    """The style of one picture, or of a folder of paintings, of which some `show` are to be shown.

    They are shrunk by area to a short side of SIDE; of several, the middle squares are used. Unreadable ones are said
    and left out. Raises OptionError where nothing is left.
    """
    if not path.exists():
        raise OptionError(f"{path}: no such folder or picture", hint="a style is a picture, or a folder of paintings")
    samples = samples_of([path]) if path.is_dir() else [Sample(path.stem, path)]
    names, shown, pooled = list[str](), list[Floats](), list[Plane]()
    grams = list[Tensor]()
    for name, rgb in _read(samples, say):
        if len(names) % max(1, len(samples) // show) == 0:
            shown.append(rgb)
        names.append(name)
        if extractor:
            features = extractor.extract(rgb)
            pooled.append(features.pooled)
            grams = [total + one for total, one in zip(grams, features.grams, strict=True)] if grams else features.grams
    if not names:
        raise OptionError(f"{path}: shows no style", hint="what was wrong with each picture is said above")
    mean = [total / len(names) for total in grams]
    return Style(samples[0].set, names, shown, np.array(pooled), mean)


def _read(samples: Sequence[Sample], say: Callable[[str], None]) -> Iterator[tuple[str, Floats]]:
    for sample in samples:
        try:
            rgb = sample.narrowed(SIDE)
        except ItemError as error:
            say(f"{sample.path.name}: {error.message}; left out")
            continue
        yield sample.name, middle(rgb, max_side=SIDE) if len(samples) > 1 else rgb
