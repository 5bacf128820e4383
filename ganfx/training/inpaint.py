"""Inpainting: photographs with drawn holes, and adversarial losses that count inside the holes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.features import Lpips
from ganfx.training.gan import Gan, Metrics, Terms
from ganfx.training.inpainter import Inpainter
from ganfx.training.losses import grid_loss, low_frequency_loss
from ganfx.training.masks import draw_masks
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.task import SQUEEZENET, Inputs, TrainingTask, channels_last

# The code of a pixel whose color is a guess, and the grey that sample grids show unknown pixels in.
GUESS_CODE = HOLE_GREY = 0.5
# Added to a hole's share of the picture, which losses are divided by: a small hole does not outweigh a large one.
_AREA_OFFSET = 0.05
# Largest displacement of a guess's pieces, and their side, in pixels.
_SHIFT, _PIECE = 4, 16


def guesses(real: Tensor, factor: int) -> Tensor:
    """Pictures (N, 3, H, W) like a first guess: of displaced pieces, and blurred by shrinking to 1 / `factor`."""
    n, _, height, width = real.shape
    steps = torch.randint(-_SHIFT, _SHIFT + 1, (2, 2)).tolist()
    one, other = (real.roll(step, (2, 3)) for step in steps)
    pieces = torch.rand(n, 1, -(-height // _PIECE), -(-width // _PIECE), device=real.device) < 0.5
    mosaic = torch.where(F.interpolate(pieces.float(), (height, width)) > 0, one, other)
    small = F.avg_pool2d(mosaic, factor)
    return F.interpolate(small, scale_factor=float(factor), mode="bilinear", align_corners=False)


class InpaintTask(TrainingTask):
    """Photographs with drawn holes; the discriminator's target is the hole (Suvorov et al. 2022)."""

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        super().__init__(recipe, photos, features)
        self.shares = dict(recipe.settings["masks"])
        self.guessed = float(recipe.settings["guessed"])
        self.lpips = Lpips(features).to(photos.pixels.device) if features else None

    @property
    def feature_networks(self) -> tuple[str, ...]:
        return (SQUEEZENET,) if self.lpips else ()

    def networks(self) -> tuple[Inpainter, torch.nn.Module]:
        return Inpainter(**self.recipe.generator), self.discriminator(self.lpips and self.lpips.backbone)

    def contract(self, network: Inpainter) -> dict[str, Any]:
        unit = network.multiple_of
        shape = {"in_channels": 4, "multiple_of": unit, "min_size": unit, "receptive_field": 4 * unit}
        return shape | {"description": "fills holes; RGB and a code: 0 known, 0.5 blurred guess, 1 unknown"}

    def _sample(self, batch: int, patch: int) -> tuple[Tensor, ...]:
        """(rgb and the code of each pixel (N, 4, H, W), the whole pictures), some holes with a guess in them."""
        real = self.photos.crops(batch, patch, self.recipe.widest)
        hole = draw_masks(batch, patch, self.shares, real.device)
        guessed = (torch.rand(batch, 1, 1, 1, device=real.device) < self.guessed).float()
        factor = (1, 1, 2)[int(torch.randint(3, ()))]
        seen = torch.lerp(real, guesses(real, factor), hole)
        code = hole * (1 - guessed * (1 - GUESS_CODE))
        return channels_last(torch.cat([seen, code], 1), real)

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        given, real = self._sample(stage.batch, stage.patch)
        hole = (given[:, 3:] > 0).float()
        fake = gan.generator(given)
        terms = self._terms(gan, fake, real, hole, stage.adversarial)
        metrics = gan.step_generator(terms, rate * stage.generator_rate)
        if stage.adversarial:
            metrics |= gan.step_discriminator(real, fake, rate * stage.discriminator_rate, hole)
        return metrics

    def _terms(self, gan: Gan, fake: Tensor, real: Tensor, hole: Tensor, adversarial: bool) -> Terms:
        weight = self.recipe.adversarial
        area = hole.mean((1, 2, 3)) + _AREA_OFFSET
        gap = (fake.float() - real).abs().mean((1, 2, 3))
        terms = {
            "pixel": (weight.pixel, (gap / area).mean()),
            "low_frequency": (weight.low_frequency, low_frequency_loss(fake, real, 2) / area.mean()),
            "grid": (weight.grid, grid_loss(fake, real) / area.mean()),
        }
        if self.lpips is not None:
            terms["perceptual"] = (weight.perceptual, (self.lpips.between(gan.fabric, fake, real) / area).mean())
        if adversarial:
            terms["adversarial"] = gan.adversarial_term(fake, hole)
        return terms

    def preview(self, seed: int = 7, count: int = 8) -> tuple[Inputs, Tensor]:
        """Pictures with holes."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            given, real = self._sample(count, PREVIEW_SIZE)
        return (given,), real

    def baseline(self, inputs: Inputs) -> Tensor:
        """The picture with a grey hole."""
        (given,) = inputs
        return torch.where(given[:, 3:] > GUESS_CODE, HOLE_GREY, given[:, :3])
