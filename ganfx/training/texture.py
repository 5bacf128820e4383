"""Textures out of noise: by the statistics of the pictures' features, and as a GAN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.textures.latents import CELL, PLANES, STYLE_PLANES, STYLES
from ganfx.training.augment import augmented
from ganfx.training.features import Lpips
from ganfx.training.gan import Gan, Metrics, Terms
from ganfx.training.losses import shifted
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.style_losses import StyleStatistics
from ganfx.training.synthesizer import Synthesizer
from ganfx.training.task import SQUEEZENET, VGG, Inputs, TrainingTask, channels_last

# Batches that the statistics are estimated from, and pictures in each; sizes at which they are compared.
_BATCHES, _PICTURES = 12, 8
_LEVELS = 3


def random_latents(count: int, side: int, device: torch.device) -> Tensor:
    """Latents (N, PLANES, side, side) in [0, 1] as `textures.latents` makes them, with styles of their own for each."""
    latents = torch.rand(count, PLANES, side, side, device=device)
    styles = len(STYLES) * STYLE_PLANES
    latents[:, :styles] = latents[:, :styles, :1, :1]
    return latents


class TextureTask(TrainingTask):
    """A generator of textures. The first stages learn statistics of features (Ulyanov et al. 2016), which is fast and
    sure; those with a discriminator learn what statistics do not say."""

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        super().__init__(recipe, photos, features)
        self.device = photos.pixels.device
        self.lpips = Lpips(features).to(self.device) if features else None
        self.statistics = self._learnt_statistics(features)

    @property
    def feature_networks(self) -> tuple[str, ...]:
        return (SQUEEZENET, VGG) if self.lpips else ()

    def networks(self) -> tuple[Synthesizer, nn.Module]:
        return Synthesizer(**self.recipe.generator), self.discriminator(self.lpips and self.lpips.backbone)

    def contract(self, network: Synthesizer) -> dict[str, Any]:
        shape = {"role": "latent", "scale": CELL, "in_channels": PLANES, "receptive_field": network.receptive_field}
        return shape | {"description": "makes textures out of noise; coarse, medium and fine styles can be mixed"}

    def _pieces(self, count: int, patch: int) -> Tensor:
        return self.photos.crops(count, patch, self.recipe.widest)

    def _learnt_statistics(self, features: Path | None) -> list[StyleStatistics]:
        """Those of the pictures, and of smaller and smaller ones (Snelgrove 2017): what is large shows there."""
        pieces = [self._pieces(_PICTURES, self.recipe.largest_stage) for _ in range(_BATCHES)]
        found = [StyleStatistics(features).to(self.device)]
        found += [StyleStatistics(None) for _ in range(_LEVELS - 1)]
        for statistics in found:
            statistics.networks = found[0].networks
            statistics.learn(pieces)
            pieces = [F.avg_pool2d(rgb, 2) for rgb in pieces]
        return found

    def _distance(self, rgb: Tensor) -> Tensor:
        """The mean distance of pictures (N, 3, H, W) from the statistics of all sizes."""
        distances = []
        for statistics in self.statistics:
            distances.append(statistics.distance(rgb))
            rgb = F.avg_pool2d(rgb, 2)
        return torch.stack(distances).mean()

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        (latents,) = channels_last(random_latents(stage.batch, stage.patch // CELL, self.device))
        fake = gan.generator(latents)
        (moved,) = shifted((fake,))
        with gan.fabric.autocast():
            terms: Terms = {"style": (float(self.recipe.settings["statistics"]), self._distance(moved))}
        if not stage.adversarial:
            return gan.step_generator(terms, rate * stage.generator_rate)
        (real,) = channels_last(self._pieces(stage.batch, stage.patch))
        terms["adversarial"] = gan.adversarial_term(augmented(fake))
        metrics = gan.step_generator(terms, rate * stage.generator_rate)
        real, fake = augmented(torch.cat([real, fake.detach()])).chunk(2)
        return metrics | gan.step_discriminator(real, fake, rate * stage.discriminator_rate)

    def preview(self, seed: int = 7, count: int = 6) -> tuple[Inputs, Tensor]:
        """Latents, and pieces of the pictures."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            latents = random_latents(count, PREVIEW_SIZE // CELL, self.device)
            return (latents,), self._pieces(count, PREVIEW_SIZE)

    def baseline(self, inputs: Inputs) -> Tensor:
        """Three of the latents' planes."""
        return F.interpolate(inputs[0][:, -3:], scale_factor=float(CELL), mode="nearest")
