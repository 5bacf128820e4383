"""Super-resolution: what one step of training does, in its two stages."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.degradations import Degradation, camera, clean, degrade
from ganfx.training.discriminators import KINDS
from ganfx.training.features import Lpips
from ganfx.training.gan import Gan
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.losses import ADVERSARIAL, low_frequency_loss, pixel_loss, shifted
from ganfx.training.photos import Photos
from ganfx.training.recipe import Recipe

Metrics = dict[str, Tensor]
PREVIEW_SIZE = 192


class UpscaleTask:
    """Pairs from photographs, a pixel stage, then an adversarial stage."""

    def __init__(self, recipe: Recipe, photos: Photos, features: Path | None) -> None:
        self.recipe = recipe
        self.photos = photos
        self.degradation = Degradation(**recipe.degradation)
        self.lpips = Lpips(features).to(photos.pixels.device) if features else None

    def networks(self) -> tuple[ResidualUpscaler, torch.nn.Module]:
        """A fresh generator and discriminator."""
        judge = self.recipe.adversarial
        return ResidualUpscaler(self.recipe.scale, **self.recipe.generator), KINDS[judge.kind](judge.channels)

    def _pair(self, batch: int, patch: int) -> tuple[Tensor, Tensor]:
        high_res = self.photos.crops(batch, patch)
        low_res = degrade(high_res, self.recipe.scale, self.degradation)
        layout = torch.channels_last
        return low_res.contiguous(memory_format=layout), high_res.contiguous(memory_format=layout)

    def pixel_step(self, gan: Gan, rate: float) -> Metrics:
        stage = self.recipe.pixel_stage
        low_res, high_res = self._pair(stage.batch, stage.patch)
        loss = pixel_loss(gan.generator(low_res), high_res)
        gan.update_generator(loss, rate * stage.generator_rate, self.recipe.clip)
        return {"pixel": loss.detach()}

    def adversarial_step(self, gan: Gan, rate: float) -> Metrics:
        stage, weight = self.recipe.adversarial_stage, self.recipe.adversarial
        low_res, high_res = self._pair(stage.batch, stage.patch)
        fake = gan.generator(low_res)
        metrics = self._train_generator(gan, fake, high_res, rate * stage.generator_rate)
        judge_loss, _ = ADVERSARIAL[weight.loss]
        real_logits, fake_logits = gan.discriminator(torch.cat([high_res, fake.detach()])).float().chunk(2)
        loss = judge_loss(real_logits, fake_logits)
        gan.update_discriminator(loss, rate * stage.discriminator_rate, self.recipe.clip)
        pulse = {"real_logit": real_logits.detach().mean(), "fake_logit": fake_logits.detach().mean()}
        return metrics | pulse | {"discriminator": loss.detach()}

    def _train_generator(self, gan: Gan, fake: Tensor, real: Tensor, rate: float) -> Metrics:
        weight = self.recipe.adversarial
        terms = {
            "pixel": (weight.pixel, pixel_loss(fake, real)),
            "low_frequency": (weight.low_frequency, low_frequency_loss(fake, real, self.recipe.scale)),
            "adversarial": (weight.adversarial, ADVERSARIAL[weight.loss][1](gan.judge(fake).float())),
        }
        if self.lpips is not None:
            terms["perceptual"] = (weight.perceptual, self._perceptual(gan, fake, real))
        total = sum((factor * term for factor, term in terms.values()), torch.zeros((), device=fake.device))
        gan.update_generator(total, rate, self.recipe.clip)
        return {name: term.detach() for name, (_, term) in terms.items()}

    def _perceptual(self, gan: Gan, fake: Tensor, real: Tensor) -> Tensor:
        assert self.lpips is not None
        fake, real = shifted((fake, real))
        with gan.fabric.autocast():
            with torch.no_grad():
                wanted = self.lpips.backbone(real)
            return self.lpips.distance(self.lpips.backbone(fake), wanted).mean()

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
