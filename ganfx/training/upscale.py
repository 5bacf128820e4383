"""Super-resolution: pairs from photographs, their losses, and a step of training."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.cleaning import Cleaning
from ganfx.training.degradations import Degradation, camera, clean, degrade
from ganfx.training.features import Lpips, VggFeatures
from ganfx.training.gan import Gan, Metrics, Terms
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.lessons import Lessons
from ganfx.training.losses import low_frequency_loss, pixel_loss
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.task import SQUEEZENET, VGG, Inputs, TrainingTask, channels_last

# Side in pixels of the part of a patch that VGG-19 sees: it costs more than all the rest.
_VGG_SIDE = 72


class UpscaleTask(TrainingTask):
    """Pairs from photographs, a pixel stage, then an adversarial stage; or, with teachers, what these make of them."""

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        super().__init__(recipe, photos, features)
        device = photos.pixels.device
        self.degradation = Degradation(**recipe.settings)
        cleaner = self.degradation.cleaner
        self.cleaning = Cleaning(cleaner, self.degradation.cleaned, device) if cleaner else None
        self.lpips = Lpips(features).to(device) if features else None
        self.vgg = VggFeatures(features).to(device) if features and recipe.adversarial.vgg else None
        self.lessons: Lessons | None = None
        if recipe.teachers:
            given = (photos, self.degradation, self.cleaning, recipe.teachers, recipe.scale)
            self.lessons = Lessons(*given, after_cleaning=recipe.taught_after_cleaning)

    @property
    def feature_networks(self) -> tuple[str, ...]:
        lpips = self.lpips if self.recipe.adversarial.perceptual else None
        return tuple(name for name, network in ((SQUEEZENET, lpips), (VGG, self.vgg)) if network)

    def networks(self) -> tuple[ResidualUpscaler, torch.nn.Module]:
        generator = ResidualUpscaler(self.recipe.scale, **self.recipe.generator)
        return generator, self.discriminator(self.lpips and self.lpips.backbone)

    def contract(self, network: ResidualUpscaler) -> dict[str, Any]:
        scale, unit = self.recipe.scale, network.unshuffle
        sizes = {"scale": scale, "multiple_of": unit, "min_size": unit, "receptive_field": network.receptive_field}
        return sizes | {"description": f"{scale}x, {network.channels} channels, {network.blocks} residual blocks"}

    def _pair(self, batch: int, patch: int) -> tuple[Tensor, ...]:
        """(low_res, high_res)."""
        high_res = self.photos.crops(batch, patch)
        low_res, soft = degrade(high_res, self.recipe.scale, self.degradation)
        if self.cleaning is not None:
            low_res = self.cleaning(low_res, soft)
        return channels_last(low_res, high_res)

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        if self.lessons is not None:
            low_res, taught, high_res = channels_last(*self.lessons.draw(stage.batch, stage.patch))
            terms = functools.partial(self._terms, original=high_res)
            return self.update(gan, stage, rate, gan.generator(low_res), taught, terms)
        low_res, high_res = self._pair(stage.batch, stage.patch)
        return self.update(gan, stage, rate, gan.generator(low_res), high_res, self._terms)

    def _terms(self, gan: Gan, fake: Tensor, real: Tensor, *, original: Tensor | None = None) -> Terms:
        """Where a teacher made `real`, light, color and what LPIPS sees are those of the `original`."""
        weight, original = self.recipe.adversarial, real if original is None else original
        terms = {
            "pixel": (weight.pixel, pixel_loss(fake, real)),
            "low_frequency": (weight.low_frequency, low_frequency_loss(fake, original, self.recipe.scale)),
            "adversarial": gan.adversarial_term(fake),
        }
        if self.lpips is not None and weight.perceptual:
            terms["perceptual"] = (weight.perceptual, self.lpips.between(gan.fabric, fake, original).mean())
        if self.vgg is not None:
            terms["vgg"] = (weight.vgg, self.vgg.between(gan.fabric, *_cut((fake, real))))
        return terms

    def preview(self, seed: int = 7, count: int = 4) -> tuple[Inputs, Tensor]:
        """Clean pictures, then the same from a camera."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            real = self.photos.crops(count, PREVIEW_SIZE).repeat(2, 1, 1, 1)
            scale = self.recipe.scale
            low_res = torch.cat([clean(real[:count], scale), camera(real[count:], scale, self.degradation)[0]])
            return (low_res,), real

    def baseline(self, inputs: Inputs) -> Tensor:
        """Bicubic."""
        return F.interpolate(inputs[0], scale_factor=float(self.recipe.scale), mode="bicubic").clamp(0, 1)


def _cut(images: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The same random square of both pictures (N, 3, H, W)."""
    height, width = images[0].shape[2:]
    top, left = (int(torch.randint(max(side - _VGG_SIDE, 0) + 1, ())) for side in (height, width))
    first, second = (image[..., top : top + _VGG_SIDE, left : left + _VGG_SIDE] for image in images)
    return first, second
