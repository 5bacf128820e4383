"""Finding damage on scanned prints: a segmentation network, trained on drawn damage and on what resembles it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganfx.training.damage import damaged
from ganfx.training.gan import Gan, Metrics
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos
from ganfx.training.prints import as_print, bordered, scanned, stained
from ganfx.training.recipe import Stage, TrainingRecipe
from ganfx.training.strokes import Floats
from ganfx.training.task import Inputs, TrainingTask, channels_last
from ganfx.training.thin_things import furnished
from ganfx.training.unet import UNSHUFFLE, UNet


class ScratchFinder(UNet):
    """rgb (N, 3, H, W) in [0, 1] -> (N, 1, H, W), the probability that each pixel is damage.

    A verdict on the whole input, whether there is any damage, is part of each of them.
    """

    def __init__(self, widths: list[int], blocks: list[int]) -> None:
        super().__init__(3, 1, widths, blocks)
        coarsest = widths[-1]
        self.judge = nn.Sequential(nn.Conv2d(2 * coarsest, coarsest, 1), nn.LeakyReLU(0.1), nn.Conv2d(coarsest, 1, 1))

    def logits(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, 1, H, W) of damage, the verdict included, and of the verdict (N, 1, 1, 1)."""
        packed = F.pixel_unshuffle(rgb, UNSHUFFLE)
        x, skips = self.encoded(packed)
        verdict = self.judge(torch.cat([x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)], 1)).float()
        # The probability's logarithm is added: where nothing is damaged, no pixel is.
        return self.decoded(x, skips, packed) - F.softplus(-verdict), verdict

    def forward(self, rgb: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(rgb)[0])


@dataclass(frozen=True, kw_only=True)
class ScratchSettings:
    """Shares of pictures, 0..1, and weights of the losses beside the focal one.

    sound      without damage
    modern     of the sound ones, photographs as they are: no print
    furnished  with a thing of the scene drawn in that resembles damage
    bordered   of the prints, with a border in view
    stained    of the prints, with a stain that is left alone
    overlap    weight of Tversky's loss on damaged pictures (Salehi et al. 2017)
    missed     in it, what a missed pixel weighs; a wrong one weighs 1 - missed
    verdict    weight of the entropy of the verdict
    loudest    weight of the mean over the most certain wrong pixels of each picture
    """

    sound: float
    modern: float
    furnished: float
    bordered: float
    stained: float
    overlap: float
    missed: float
    verdict: float
    loudest: float


# Of a picture's sound pixels, the share that counts as the most certain wrong ones.
_LOUD = 1 / 512
# The exponent of the focal loss (Lin et al. 2017).
_FOCUS = 1.5


class ScratchTask(TrainingTask):
    """Sound and damaged pictures in turns; focal, Tversky's and the verdict's loss; not adversarial."""

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        super().__init__(recipe, photos, features)
        self.settings = ScratchSettings(**recipe.settings)

    def networks(self) -> tuple[ScratchFinder, nn.Module]:
        return ScratchFinder(**self.recipe.generator), self.discriminator()

    def contract(self, network: ScratchFinder) -> dict[str, Any]:
        unit = network.multiple_of
        shape = {"out_channels": 1, "multiple_of": unit, "min_size": unit, "receptive_field": 2 * unit}
        return shape | {"description": "finds scratches, cracks and dust: how likely each pixel is damage"}

    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        seen, mask, ignored = self.pictures(self.photos.crops(stage.batch, stage.patch, self.recipe.widest))
        gan.generator.mark_forward_method("logits")
        found, verdict = gan.generator.logits(*channels_last(seen))
        settings, counts = self.settings, 1 - ignored
        wrong = F.binary_cross_entropy_with_logits(found, mask, reduction="none") * counts
        probability = torch.sigmoid(found) * counts
        focal = (wrong * (mask - torch.sigmoid(found)).abs().detach() ** _FOCUS).mean()
        loud = (wrong * (1 - mask)).flatten(1)
        loudest = loud.topk(max(1, int(loud.shape[1] * _LOUD)), 1).values.mean()
        terms = {
            "focal": (10.0, focal),
            "overlap": (settings.overlap, _tversky(probability, mask * counts, settings.missed)),
            "verdict": (settings.verdict, F.binary_cross_entropy_with_logits(verdict, mask.amax((1, 2, 3), True))),
            "loudest": (settings.loudest, loudest),
        }
        return gan.step_generator(terms, rate * stage.generator_rate) | _figures(probability, mask)

    def pictures(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Square photographs (N, 3, S, S) in [0, 1] -> (pictures, masks of damage, where neither counts (N, 1, S, S)).

        Those without damage come first.
        """
        random = np.random.default_rng(int(torch.randint(2**31, ()).item()))
        sound = round(len(crops) * self.settings.sound)
        made = [
            self._picture(random, crop.permute(1, 2, 0).cpu().numpy(), number >= sound)
            for number, crop in enumerate(crops)
        ]
        seen, masks, ignored = (torch.from_numpy(np.stack(part)).to(crops.device) for part in zip(*made, strict=True))
        return seen.permute(0, 3, 1, 2), masks[:, None], ignored[:, None]

    def _picture(self, random: np.random.Generator, rgb: Floats, is_damaged: bool) -> tuple[Floats, Floats, Floats]:
        settings, mask = self.settings, np.zeros(rgb.shape[:2], np.float32)
        ignored = mask.copy()
        if random.random() < settings.furnished:
            rgb = furnished(random, rgb)
        if not is_damaged and random.random() < settings.modern:
            return (rgb if random.random() < 0.5 else scanned(random, rgb)), mask, ignored
        rgb = as_print(random, rgb)
        if random.random() < settings.stained:
            rgb = stained(random, rgb)
        if is_damaged:
            rgb, mask, ignored = damaged(random, rgb)
        if random.random() < settings.bordered:
            rgb, near = bordered(random, rgb)
            # Chips, and cracks below the border, are neither asked for nor wrong.
            ignored = np.maximum(ignored, near if is_damaged else 0)
            mask = mask * (1 - near)
        return scanned(random, rgb), mask, ignored

    def preview(self, seed: int = 7, count: int = 8) -> tuple[Inputs, Tensor]:
        """Sound and damaged pictures, and the masks of their damage."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            seen, mask, _ = self.pictures(self.photos.crops(count, PREVIEW_SIZE))
        return (seen,), mask

    def baseline(self, inputs: Inputs) -> Tensor:
        """The damaged picture itself."""
        return inputs[0]


def _tversky(found: Tensor, mask: Tensor, missed: float) -> Tensor:
    """1 - Tversky's index of each damaged picture, on average; both (N, 1, H, W) in [0, 1]."""
    hits = (found * mask).sum((1, 2, 3))
    lost, wrong = mask.sum((1, 2, 3)) - hits, found.sum((1, 2, 3)) - hits
    index = (hits + 1) / (hits + missed * lost + (1 - missed) * wrong + 1)
    damaged = (mask.sum((1, 2, 3)) > 0).float()
    return ((1 - index) * damaged).sum() / damaged.sum().clamp(min=1)


@torch.no_grad()
def _figures(probability: Tensor, mask: Tensor) -> Metrics:
    """recall and precision at 0.5 of the damaged pictures, and the share of sound ones with any such pixel."""
    found = (probability > 0.5).float()
    damaged = mask.amax((1, 2, 3)) > 0
    hits = (found * mask).sum()
    of_damaged = found[damaged].sum() if damaged.any() else hits
    touched = found[~damaged].amax((1, 2, 3)).mean() if (~damaged).any() else torch.zeros(())
    recall, precision = hits / mask.sum().clamp(min=1), hits / of_damaged.clamp(min=1)
    return {"recall": recall, "precision": precision, "touched": touched}
