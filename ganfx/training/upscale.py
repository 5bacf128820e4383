"""Super-resolution: what one step of training does, in its two stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.degradations import Degradation, camera, clean, degrade
from ganfx.training.discriminators import discriminator
from ganfx.training.features import Lpips
from ganfx.training.gan import Gan
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.losses import ADVERSARIAL, low_frequency_loss, pixel_loss
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.task import Metrics, TrainingTask


class UpscaleTask(TrainingTask):
    """Pairs from photographs, a pixel stage, then an adversarial stage."""

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        super().__init__(recipe, photos, features)
        self.degradation = Degradation(**recipe.settings)
        self.lpips = Lpips(features).to(photos.pixels.device) if features else None

    def networks(self) -> tuple[ResidualUpscaler, torch.nn.Module]:
        """A fresh generator and discriminator."""
        judge = self.recipe.adversarial
        feature_network = self.lpips and self.lpips.backbone
        generator = ResidualUpscaler(self.recipe.scale, **self.recipe.generator)
        return generator, discriminator(judge.kind, judge.channels, feature_network)

    def contract(self, network: ResidualUpscaler) -> dict[str, Any]:
        """What a ModelSpec must say of `network`."""
        scale, unit = self.recipe.scale, network.unshuffle
        sizes = {"scale": scale, "multiple_of": unit, "min_size": unit, "receptive_field": network.receptive_field}
        return sizes | {"description": f"{scale}x, {network.channels} channels, {network.blocks} residual blocks"}

    def _pair(self, batch: int, patch: int) -> tuple[Tensor, Tensor]:
        high_res = self.photos.crops(batch, patch)
        low_res = degrade(high_res, self.recipe.scale, self.degradation)
        layout = torch.channels_last
        return low_res.contiguous(memory_format=layout), high_res.contiguous(memory_format=layout)

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        """One update of the players that `stage` has, at `rate` times its learning rates."""
        low_res, high_res = self._pair(stage.batch, stage.patch)
        fake = gan.generator(low_res)
        if not stage.adversarial:
            loss = pixel_loss(fake, high_res)
            gan.update_generator(loss, rate * stage.generator_rate, self.recipe.clip)
            return {"pixel": loss.detach()}
        metrics = self._train_generator(gan, fake, high_res, rate * stage.generator_rate)
        adversarial_loss = ADVERSARIAL[self.recipe.adversarial.loss]
        rate, clip = rate * stage.discriminator_rate, self.recipe.clip
        return metrics | gan.step_discriminator(adversarial_loss, high_res, fake, rate, clip)

    def _train_generator(self, gan: Gan, fake: Tensor, real: Tensor, rate: float) -> Metrics:
        weight = self.recipe.adversarial
        terms = {
            "pixel": (weight.pixel, pixel_loss(fake, real)),
            "low_frequency": (weight.low_frequency, low_frequency_loss(fake, real, self.recipe.scale)),
            "adversarial": (
                weight.adversarial,
                ADVERSARIAL[weight.loss].generator(gan.discriminate(fake).float()).mean(),
            ),
        }
        if self.lpips is not None:
            terms["perceptual"] = (weight.perceptual, self.lpips.between(gan.fabric, fake, real).mean())
        return gan.step_generator(terms, rate, self.recipe.clip)

    def preview(self, seed: int = 7, count: int = 4) -> tuple[Tensor, Tensor]:
        """The same low_res and high_res pictures each time: clean ones, then the same from a camera."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            real = self.photos.crops(count, PREVIEW_SIZE).repeat(2, 1, 1, 1)
            scale = self.recipe.scale
            return torch.cat([clean(real[:count], scale), camera(real[count:], scale, self.degradation)]), real

    def baseline(self, low_res: Tensor) -> Tensor:
        """What a user has without the network: bicubic."""
        return F.interpolate(low_res, scale_factor=float(self.recipe.scale), mode="bicubic").clamp(0, 1)
