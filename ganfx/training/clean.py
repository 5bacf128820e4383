"""Cleaning: photographs worn by noise, compression and resizing, and a network that undoes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganfx.spec import Control
from ganfx.training.cleaner import Cleaner
from ganfx.training.features import VggFeatures
from ganfx.training.gan import Gan, Metrics, Terms
from ganfx.training.losses import low_frequency_loss, pixel_loss
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.task import VGG, Inputs, TrainingTask, channels_last
from ganfx.training.wear import MARGIN, Wear, misjudged, worn_pair


class CleanTask(TrainingTask):
    """Worn photographs and how worn they are; a pixel stage, then an adversarial stage.

    The perceptual loss compares VGG-19 features, so that LPIPS on SqueezeNet remains a judge.
    """

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        super().__init__(recipe, photos, features)
        self.wear = Wear(**recipe.settings)
        self.vgg = VggFeatures(features).to(photos.pixels.device) if features else None

    @property
    def feature_networks(self) -> tuple[str, ...]:
        return (VGG,) if self.vgg else ()

    def networks(self) -> tuple[Cleaner, nn.Module]:
        return Cleaner(**self.recipe.generator), self.discriminator()

    def contract(self, network: Cleaner) -> dict[str, Any]:
        unit = network.unet.multiple_of
        strength = Control(
            "strength",
            default=0.3,
            help="how worn the picture is: the mean error that is to go, 1 for 50 levels of 255",
            estimator="level",
        )
        shape = {"multiple_of": unit, "min_size": unit, "receptive_field": network.unet.receptive_field}
        return shape | {"controls": (strength,), "description": "takes out noise, JPEG blocks and wear, by a strength"}

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        seen, clean, strength = worn_pair(self.photos.crops(stage.batch, stage.patch + MARGIN), self.wear)
        seen, clean = channels_last(seen, clean)
        return self.update(gan, stage, rate, gan.generator(seen, misjudged(strength)), clean, self._terms)

    def _terms(self, gan: Gan, fake: Tensor, clean: Tensor) -> Terms:
        weight = self.recipe.adversarial
        terms = {
            "pixel": (weight.pixel, pixel_loss(fake, clean)),
            "low_frequency": (weight.low_frequency, low_frequency_loss(fake, clean, 2)),
            "adversarial": gan.adversarial_term(fake),
        }
        if self.vgg is not None:
            terms["perceptual"] = (weight.perceptual, self.vgg.between(gan.fabric, fake, clean))
        return terms

    def preview(self, seed: int = 7, count: int = 8) -> tuple[Inputs, Tensor]:
        """Noisy, compressed, worn and clean pictures with the strengths of their damage, and the clean ones."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            seen, clean, strength = worn_pair(self.photos.crops(count, PREVIEW_SIZE + MARGIN), self.wear)
        return (seen, strength), clean

    def baseline(self, inputs: Inputs) -> Tensor:
        """The worn picture itself."""
        return inputs[0]
