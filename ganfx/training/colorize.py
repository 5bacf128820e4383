"""Colorization: photographs made grey as old prints are, and colors predicted as classes (Zhang et al. 2016)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.imaging.color import LUMA
from ganfx.training.colorizer import Colorizer
from ganfx.training.features import Lpips
from ganfx.training.gan import Gan, Metrics, Terms
from ganfx.training.lab import decode_srgb, lab_of, lightness, rgb_of
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.palette import Palette, bin_centres
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.task import SQUEEZENET, Inputs, TrainingTask

# Weights of linear red, green and blue in an emulsion that is hardly sensitive to red.
_ORTHOCHROMATIC = (0.05, 0.5, 0.45)
# Chrominance is predicted at 1 / _COARSE of the picture's size.
_COARSE = 4
# Batches of 16 crops that the frequency of each color class is counted in.
_SURVEYED_BATCHES = 24


def old_lightness(rgb: Tensor, share: float) -> Tensor:
    """L* / 100 of pictures (N, 3, H, W), `share` of them as old scans have it: (N, 1, H, W) in [0, 1].

    Those have another spectral sensitivity, a gamma and less contrast, some blur, and grain.
    """
    n, device = len(rgb), rgb.device

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, 1, 1, 1, device=device)

    old = (uniform(0, 1) < share).float()
    modern, film = (torch.tensor(weights, device=device)[:, None, None] for weights in (LUMA, _ORTHOCHROMATIC))
    weights = torch.lerp(modern, film, old * uniform(-0.3, 1).clamp(min=0))
    light = lightness((decode_srgb(rgb) * weights).sum(1, keepdim=True)) / 100
    low, high = uniform(0, 0.2), uniform(0.75, 1)
    faded = low + (high - low) * light.clamp(1e-4, 1) ** uniform(0.65, 1.5)
    soft = F.avg_pool2d(F.pad(faded, (1, 1, 1, 1), mode="reflect"), 3, 1)
    grain = torch.randn_like(light) * 0.06 * uniform(0, 1) ** 2
    return torch.lerp(light, torch.lerp(faded, soft, uniform(-0.5, 1).clamp(min=0)) + grain, old).clamp(0, 1)


class ColorizeTask(TrainingTask):
    """Chrominance as classes first, then also adversarial and perceptual losses on the colored pictures."""

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        super().__init__(recipe, photos, features)
        device = photos.pixels.device
        self.lpips = Lpips(features).to(device) if features else None
        self.palette = Palette(bin_centres().to(device))
        surveyed = torch.cat([self._chroma(photos.crops(16, PREVIEW_SIZE)) for _ in range(_SURVEYED_BATCHES)])
        self.palette.rebalance(surveyed, float(recipe.settings["rebalance"]))

    @property
    def feature_networks(self) -> tuple[str, ...]:
        return (SQUEEZENET,) if self.lpips else ()

    def networks(self) -> tuple[Colorizer, nn.Module]:
        """A new generator, its encoder pretrained on ImageNet where the features are there, and a discriminator."""
        network = Colorizer(**self.recipe.generator)
        if self.lpips:
            network.encoder.start_from(self.lpips.backbone)
        return network, self.discriminator(self.lpips and self.lpips.backbone)

    def contract(self, network: Colorizer) -> dict[str, Any]:
        unit = network.multiple_of
        shape = {"in_channels": 1, "out_channels": 2, "multiple_of": unit, "min_size": unit, "receptive_field": 256}
        return shape | {"description": "colors: L* / 100 -> a* and b*, each (value + 128) / 255"}

    @staticmethod
    def _chroma(rgb: Tensor) -> Tensor:
        return F.avg_pool2d(lab_of(rgb)[:, 1:], _COARSE)

    def _sample(self, batch: int, patch: int) -> tuple[Tensor, Tensor]:
        """(the network's input, the color pictures)."""
        rgb = self.photos.crops(batch, patch, self.recipe.widest)
        return old_lightness(rgb, float(self.recipe.settings["old"])), rgb

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        given, rgb = self._sample(stage.batch, stage.patch)
        wanted = self._chroma(rgb)
        gan.generator.mark_forward_method("logits")
        logits = gan.generator.logits(given)
        chroma = gan.generator.module.chroma(logits)
        weight = self.recipe.adversarial
        terms: Terms = {
            "entropy": (float(self.recipe.settings["entropy"]), self.palette.loss(logits, wanted)),
            "pixel": (weight.pixel, (chroma - wanted).abs().mean() / 100),
        }
        if not stage.adversarial:
            return gan.step_generator(terms, rate * stage.generator_rate)
        fake, real = self._pictures(rgb, chroma), self._pictures(rgb, wanted)
        terms["adversarial"] = gan.adversarial_term(fake)
        if self.lpips is not None:
            terms["perceptual"] = (weight.perceptual, self.lpips.between(gan.fabric, fake, real).mean())
        metrics = gan.step_generator(terms, rate * stage.generator_rate)
        return metrics | gan.step_discriminator(real, fake, rate * stage.discriminator_rate)

    @staticmethod
    def _pictures(rgb: Tensor, chroma: Tensor) -> Tensor:
        """Pictures with the lightness of `rgb` and colors as coarse as the network's."""
        colors = F.interpolate(chroma, rgb.shape[2:], mode="bilinear", align_corners=False)
        return rgb_of(torch.cat([lab_of(rgb)[:, :1], colors], 1)).clamp(0, 1)

    def preview(self, seed: int = 7, count: int = 8) -> tuple[Inputs, Tensor]:
        """Grey pictures, none of them made old, and the colored ones."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            rgb = self.photos.crops(count, PREVIEW_SIZE, self.recipe.widest)
        return (old_lightness(rgb, 0.0),), rgb

    def baseline(self, inputs: Inputs) -> Tensor:
        """The grey picture."""
        (given,) = inputs
        grey = torch.cat([given * 100, torch.zeros_like(given.expand(-1, 2, -1, -1))], 1)
        return rgb_of(grey)

    def shown(self, inputs: Inputs, output: Tensor) -> Tensor:
        """The grey picture with the colors of `output`."""
        return rgb_of(torch.cat([inputs[0] * 100, output * 255 - 128], 1))
