"""What the trainer asks of a task: one class for each kind of network, registered in `tasks`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganfx.training.discriminators import discriminator
from ganfx.training.gan import Gan, Metrics, Terms
from ganfx.training.losses import pixel_loss
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe

SQUEEZENET, VGG = "SqueezeNet 1.1", "VGG-19"
# What a generator is called with: one tensor (N, C, H, W), or several.
Inputs = tuple[Tensor, ...]


class TrainingTask(ABC):
    """One kind of training: its networks, its step, and what its sample grids show.

    `features` is the folder of perceptual features, or None where there is none.
    """

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        self.recipe, self.photos, self.features = recipe, photos, features

    @property
    def feature_networks(self) -> tuple[str, ...]:
        """Pretrained networks whose features are in the losses: evaluations by the same ones are biased."""
        return ()

    @abstractmethod
    def networks(self) -> tuple[nn.Module, nn.Module]:
        """A new generator and discriminator."""

    @abstractmethod
    def contract(self, network: Any) -> dict[str, Any]:
        """The fields of ModelSpec that follow from `network`, a generator."""

    @abstractmethod
    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        """One update of the networks that `stage` trains, at `rate` times its learning rates; figures to be logged.

        All adversarial losses come from `gan`, so that every kind of GAN works for every task.
        """

    @staticmethod
    def update(
        gan: Gan, stage: Stage, rate: float, fake: Tensor, real: Tensor, terms: Callable[[Gan, Tensor, Tensor], Terms]
    ) -> Metrics:
        """One update for fakes of `real`, both (N, 3, H, W): by pixels alone, or by `terms` and as a GAN."""
        if not stage.adversarial:
            return gan.step_generator({"pixel": (1.0, pixel_loss(fake, real))}, rate * stage.generator_rate)
        metrics = gan.step_generator(terms(gan, fake, real), rate * stage.generator_rate)
        return metrics | gan.step_discriminator(real, fake, rate * stage.discriminator_rate)

    @abstractmethod
    def preview(self, seed: int = 7) -> tuple[Inputs, Tensor]:
        """(inputs, targets) of the sample grid: for one seed the same each time."""

    @abstractmethod
    def baseline(self, inputs: Inputs) -> Tensor:
        """What there is without the network, (N, 1 or 3, H, W) in [0, 1]."""

    def shown(self, inputs: Inputs, output: Tensor) -> Tensor:
        """The generator's `output` for `inputs` as pictures (N, 1 or 3, H, W) in [0, 1]."""
        return output

    def discriminator(self, feature_network: nn.Module | None = None) -> nn.Module:
        """A new discriminator as the recipe describes it, over `feature_network` where it asks for one."""
        settings = self.recipe.adversarial
        return discriminator(settings.kind, settings.channels, feature_network)


def channels_last(*images: Tensor) -> tuple[Tensor, ...]:
    """Images (N, C, H, W) in the memory layout that convolutions are fastest in."""
    return tuple(image.contiguous(memory_format=torch.channels_last) for image in images)
