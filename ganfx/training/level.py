"""How worn a picture is: a small network that sets the cleaner's strength."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.spec import Tiling
from ganfx.training.gan import Gan, Metrics
from ganfx.training.generators import LEAK, conv3x3
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.recipe import Stage
from ganfx.training.task import Inputs, TrainingTask, channels_last
from ganfx.training.wear import MARGIN, Wear, worn_pair

# Makes the detail of a picture about as large as a picture is, before it is rounded to bf16.
_DETAIL_GAIN = 8.0
# Errors at low strengths count more: there they decide whether a clean picture is left alone.
_OFFSET = 0.05
# Damage above this strength is damage: rounding to 8 bits alone is 0.006.
_LEAST = 0.012


class LevelEstimator(nn.Module):
    """rgb (N, 3, H, W) in [0, 1] -> (N, 1, H, W), the strength of the damage, the same everywhere; not clipped to 0..1.

    It is 0 where the network is not `certain` (a probability) that there is damage at all: one number cannot say both
    how little there is to clean and whether there is anything.

    It sees what a small blur takes away, at full resolution first, then 8 times smaller, where the blocks of a JPEG
    stay in step; what it decides by are the mean and the deviation of its features over the picture.
    """

    def __init__(self, channels: int, hidden: int, certain: float) -> None:
        super().__init__()
        self.least = math.log(certain / (1 - certain))
        c = channels
        self.head = conv3x3(6, c)
        self.fine = conv3x3(c, c)
        self.down = nn.ModuleList([nn.Conv2d(a, b, 3, 2, 1) for a, b in ((c, c * 2), (c * 2, c * 3), (c * 3, c * 4))])
        self.coarse = conv3x3(c * 4, c * 4)
        self.decide = nn.Sequential(nn.Conv2d(c * 8, hidden, 1), nn.LeakyReLU(LEAK), nn.Conv2d(hidden, 2, 1))

    def forward(self, rgb: Tensor) -> Tensor:
        strength, damaged = self.judge(rgb)
        strength = strength * (damaged > self.least)
        return strength[:, None, None, None].expand(-1, 1, rgb.shape[2], rgb.shape[3])

    def judge(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """The strengths (N,), and logits (N,) of the probabilities that there is any damage."""
        padded = F.pad(rgb, (1, 1, 1, 1), mode="reflect")
        detail = (rgb - F.avg_pool2d(padded, 3, 1)) * _DETAIL_GAIN
        x = F.leaky_relu(self.head(torch.cat([detail, rgb], 1)), LEAK)
        x = F.leaky_relu(self.fine(x), LEAK)
        for down in self.down:
            x = F.leaky_relu(down(x), LEAK)
        x = F.leaky_relu(self.coarse(x), LEAK).float()
        mean = x.mean((2, 3), keepdim=True)
        deviation = ((x - mean).square().mean((2, 3), keepdim=True) + 1e-6).sqrt()
        strength, damaged = self.decide(torch.cat([mean, deviation], 1)).float().flatten(1).unbind(1)
        return strength, damaged


class LevelTask(TrainingTask):
    """Worn and clean photographs, and how worn they are; not adversarial."""

    def networks(self) -> tuple[LevelEstimator, nn.Module]:
        return LevelEstimator(**self.recipe.generator), self.discriminator()

    def contract(self, network: LevelEstimator) -> dict[str, Any]:
        shape = {"out_channels": 1, "multiple_of": 8, "min_size": 32, "tiling": Tiling("whole")}
        return shape | {"description": "estimates how noisy, compressed or worn a picture is"}

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        wear = Wear(**self.recipe.settings)
        seen, _, strength = worn_pair(self.photos.crops(stage.batch, stage.patch + MARGIN, self.recipe.widest), wear)
        gan.generator.mark_forward_method("judge")
        found, damaged = gan.generator.judge(*channels_last(seen))
        gap, real = (found - strength).abs(), (strength > _LEAST).float()
        terms = {
            "strength": (1.0, (gap / (strength + _OFFSET)).mean()),
            "damaged": (1.0, F.binary_cross_entropy_with_logits(damaged, real)),
        }
        gan.step_generator(terms, rate * stage.generator_rate)
        told = damaged.detach() > gan.generator.least
        shares = {"touched": (told & (real == 0)).sum() / (real == 0).sum().clamp(min=1)}
        shares["missed"] = (~told & (real == 1)).sum() / real.sum().clamp(min=1)
        return {"error": gap.detach().mean(), **shares}

    def preview(self, seed: int = 7, count: int = 8) -> tuple[Inputs, Tensor]:
        """Worn pictures, and their strengths as planes."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            crops = self.photos.crops(count, PREVIEW_SIZE + MARGIN)
            seen, _, strength = worn_pair(crops, Wear(**self.recipe.settings))
        return (seen,), strength[:, None, None, None].expand(-1, 1, PREVIEW_SIZE, PREVIEW_SIZE)

    def baseline(self, inputs: Inputs) -> Tensor:
        """The worn picture itself."""
        return inputs[0]
