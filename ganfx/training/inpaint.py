"""Inpainting: photographs with holes, filled and judged by where the hole is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ganfx.training.discriminators import discriminator
from ganfx.training.features import Lpips
from ganfx.training.gan import Gan
from ganfx.training.inpainter import Inpainter
from ganfx.training.losses import ADVERSARIAL, grid_loss, low_frequency_loss
from ganfx.training.masks import draw_masks
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.task import Metrics, TrainingTask

GUESSED = 0.5
# What a hole weighs grows with its size, but a small one is not forgotten beside a large.
_SMALLEST_WEIGHT = 0.05
# How far the pieces of a guess lie from where they belong, and how large they are.
_SHIFT, _PIECE = 4, 16


def guesses(real: Tensor, factor: int) -> Tensor:
    """Pictures as a guess might have them: of pieces that do not quite fit, at 1 / `factor` of the size."""
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

    def networks(self) -> tuple[Inpainter, torch.nn.Module]:
        """A fresh generator and discriminator."""
        judge = self.recipe.adversarial
        feature_network = self.lpips and self.lpips.backbone
        return Inpainter(**self.recipe.generator), discriminator(judge.kind, judge.channels, feature_network)

    def contract(self, network: Inpainter) -> dict[str, Any]:
        """What a ModelSpec must say of `network`."""
        unit = network.multiple_of
        shape = {"in_channels": 4, "multiple_of": unit, "min_size": unit, "receptive_field": 4 * unit}
        return shape | {"description": "fills holes; RGB and a code: 0 known, 0.5 blurred guess, 1 unknown"}

    def _sample(self, batch: int, patch: int) -> tuple[Tensor, Tensor]:
        """(given, real): pictures with holes, some of them guessed, and the whole ones."""
        real = self.photos.crops(batch, patch, self.recipe.widest)
        hole = draw_masks(batch, patch, self.shares, real.device)
        guessed = (torch.rand(batch, 1, 1, 1, device=real.device) < self.guessed).float()
        factor = (1, 1, 2)[int(torch.randint(3, ()))]
        seen = torch.lerp(real, guesses(real, factor), hole)
        code = hole * (1 - guessed * (1 - GUESSED))
        layout = torch.channels_last
        return torch.cat([seen, code], 1).contiguous(memory_format=layout), real.contiguous(memory_format=layout)

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        """One update of the players that `stage` has, at `rate` times its learning rates."""
        given, real = self._sample(stage.batch, stage.patch)
        hole = (given[:, 3:] > 0).float()
        fake = gan.generator(given)
        terms = self._terms(gan, fake, real, hole, stage.adversarial)
        metrics = gan.step_generator(terms, rate * stage.generator_rate, self.recipe.clip)
        if stage.adversarial:
            metrics |= self._train_discriminator(gan, fake.detach(), real, hole, rate * stage.discriminator_rate)
        return metrics

    def _terms(
        self, gan: Gan, fake: Tensor, real: Tensor, hole: Tensor, adversarial: bool
    ) -> dict[str, tuple[float, Tensor]]:
        weight = self.recipe.adversarial
        area = hole.mean((1, 2, 3)) + _SMALLEST_WEIGHT
        gap = (fake.float() - real).abs().mean((1, 2, 3))
        terms = {
            "pixel": (weight.pixel, (gap / area).mean()),
            "low_frequency": (weight.low_frequency, low_frequency_loss(fake, real, 2) / area.mean()),
            "grid": (weight.grid, grid_loss(fake, real) / area.mean()),
        }
        if self.lpips is not None:
            terms["perceptual"] = (weight.perceptual, (self.lpips.between(gan.fabric, fake, real) / area).mean())
        if adversarial:
            verdict = ADVERSARIAL[weight.loss].generator(gan.discriminate(fake).float())
            where = _cells(hole, verdict)
            terms["adversarial"] = (weight.adversarial, _mean(verdict, where))
        return terms

    def _train_discriminator(self, gan: Gan, fake: Tensor, real: Tensor, hole: Tensor, rate: float) -> Metrics:
        adversarial_loss = ADVERSARIAL[self.recipe.adversarial.loss]
        real_logits, fake_logits = gan.discriminator(torch.cat([real, fake])).float().chunk(2)
        where = _cells(hole, fake_logits)
        # Filled cells are few: they weigh as much as all real ones together, or the answer would always be "real".
        known = (adversarial_loss.real(real_logits).mean() + _mean(adversarial_loss.real(fake_logits), 1 - where)) / 2
        loss = known + _mean(adversarial_loss.fake(fake_logits), where)
        gan.update_discriminator(loss, rate, self.recipe.clip)
        pulse = {"real_logit": real_logits.mean(), "fake_logit": _mean(fake_logits, where), "discriminator": loss}
        return {name: value.detach() for name, value in pulse.items()}

    def preview(self, seed: int = 7, count: int = 8) -> tuple[Tensor, Tensor]:
        """The same holes in the same pictures each time."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return self._sample(count, PREVIEW_SIZE)

    def baseline(self, given: Tensor) -> Tensor:
        """The picture with its hole, in grey."""
        return torch.where(given[:, 3:] > GUESSED, GUESSED, given[:, :3])


def _cells(hole: Tensor, logits: Tensor) -> Tensor:
    """How much of each of the discriminator's cells is hole."""
    return F.adaptive_avg_pool2d(hole, (logits.shape[2], logits.shape[3])).expand_as(logits)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
