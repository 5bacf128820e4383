"""Finding damage on scanned prints: a network that marks what `damage` has drawn."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.training.damage import damage
from ganfx.training.discriminators import discriminator
from ganfx.training.gan import Gan
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.recipe import Stage
from ganfx.training.task import Metrics, TrainingTask
from ganfx.training.unet import UNet


class ScratchFinder(UNet):
    """rgb (N, 3, H, W) in [0, 1] -> (N, 1, H, W), how likely each pixel is damage, 0..1."""

    def __init__(self, widths: list[int], blocks: list[int]) -> None:
        super().__init__(3, 1, widths, blocks)

    def forward(self, rgb: Tensor) -> Tensor:
        return torch.sigmoid(super().forward(rgb))


class ScratchTask(TrainingTask):
    """Photographs aged and damaged; binary cross-entropy and Dice (Milletari et al. 2016). There is no game in it."""

    def networks(self) -> tuple[ScratchFinder, nn.Module]:
        """A fresh generator, and a second player that never plays."""
        judge = self.recipe.adversarial
        return ScratchFinder(**self.recipe.generator), discriminator(judge.kind, judge.channels)

    def contract(self, network: ScratchFinder) -> dict[str, Any]:
        """What a ModelSpec must say of `network`."""
        unit = network.multiple_of
        shape = {"out_channels": 1, "multiple_of": unit, "min_size": unit, "receptive_field": 2 * unit}
        return shape | {"description": "finds scratches, cracks and dust: how likely each pixel is damage"}

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        """One update, at `rate` times the stage's learning rate."""
        seen, mask = damage(self.photos.crops(stage.batch, stage.patch, self.recipe.widest))
        found = gan.generator(seen.contiguous(memory_format=torch.channels_last)).float().clamp(1e-5, 1 - 1e-5)
        entropy = F.binary_cross_entropy(found, mask)
        overlap = (found * mask).sum() / (found + mask).sum().clamp(min=1)
        gan.update_generator(entropy + 0.5 * (1 - 2 * overlap), rate * stage.generator_rate, self.recipe.clip)
        return {"entropy": entropy.detach(), "dice": 2 * overlap.detach()}

    def preview(self, seed: int = 7, count: int = 8) -> tuple[Tensor, Tensor]:
        """The same damage on the same pictures each time, and where it is."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            seen, mask = damage(self.photos.crops(count, PREVIEW_SIZE))
        return seen, mask

    def baseline(self, seen: Tensor) -> Tensor:
        """The damaged picture itself."""
        return seen
