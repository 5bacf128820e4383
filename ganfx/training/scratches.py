"""Finding damage on scanned prints: a segmentation network, trained on drawn damage."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.training.damage import damage
from ganfx.training.gan import Gan, Metrics
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.recipe import Stage
from ganfx.training.task import Inputs, TrainingTask, channels_last
from ganfx.training.unet import UNet


class ScratchFinder(UNet):
    """rgb (N, 3, H, W) in [0, 1] -> (N, 1, H, W), the probability that each pixel is damage."""

    def __init__(self, widths: list[int], blocks: list[int]) -> None:
        super().__init__(3, 1, widths, blocks)

    def forward(self, rgb: Tensor) -> Tensor:
        return torch.sigmoid(super().forward(rgb))


class ScratchTask(TrainingTask):
    """Photographs aged and damaged; binary cross-entropy and Dice (Milletari et al. 2016); not adversarial."""

    def networks(self) -> tuple[ScratchFinder, nn.Module]:
        return ScratchFinder(**self.recipe.generator), self.discriminator()

    def contract(self, network: ScratchFinder) -> dict[str, Any]:
        unit = network.multiple_of
        shape = {"out_channels": 1, "multiple_of": unit, "min_size": unit, "receptive_field": 2 * unit}
        return shape | {"description": "finds scratches, cracks and dust: how likely each pixel is damage"}

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        seen, mask = damage(self.photos.crops(stage.batch, stage.patch, self.recipe.widest))
        found = gan.generator(*channels_last(seen)).float().clamp(1e-5, 1 - 1e-5)
        entropy = F.binary_cross_entropy(found, mask)
        overlap = (found * mask).sum() / (found + mask).sum().clamp(min=1)
        loss = entropy + 0.5 * (1 - 2 * overlap)
        gan.step_generator({"loss": (1.0, loss)}, rate * stage.generator_rate)
        return {"entropy": entropy.detach(), "dice": 2 * overlap.detach()}

    def preview(self, seed: int = 7, count: int = 8) -> tuple[Inputs, Tensor]:
        """Damaged pictures, and the masks of their damage."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            seen, mask = damage(self.photos.crops(count, PREVIEW_SIZE))
        return (seen,), mask

    def baseline(self, inputs: Inputs) -> Tensor:
        """The damaged picture itself."""
        return inputs[0]
