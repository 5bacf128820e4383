"""What the trainer asks of a task: one class for each kind of model, listed in `run.TASKS`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ganfx.training.gan import Gan
from ganfx.training.photos import Photos
from ganfx.training.recipe import Stage, TrainingRecipe

Metrics = dict[str, Tensor]


class TrainingTask(ABC):
    """One kind of training: its networks, its step, and what its sample grids show.

    `features` is the folder of perceptual features, or None where there is none.
    """

    def __init__(self, recipe: TrainingRecipe, photos: Photos, features: Path | None) -> None:
        self.recipe, self.photos, self.features = recipe, photos, features

    @abstractmethod
    def networks(self) -> tuple[nn.Module, nn.Module]:
        """A fresh generator and discriminator."""

    @abstractmethod
    def contract(self, network: Any) -> dict[str, Any]:
        """What a ModelSpec must say of `network`, a generator."""

    @abstractmethod
    def step(self, gan: Gan, stage: Stage, rate: float) -> Metrics:
        """One update of the players that `stage` has, at `rate` times its learning rates."""

    @abstractmethod
    def preview(self, seed: int = 7) -> tuple[Tensor, Tensor]:
        """(given, real): the same inputs and targets each time."""

    @abstractmethod
    def baseline(self, given: Tensor) -> Tensor:
        """What a user has without the network, (N, 1 or 3, H, W) in [0, 1]."""

    def shown(self, given: Tensor, output: Tensor) -> Tensor:
        """The generator's `output` for `given` as pictures (N, 1 or 3, H, W)."""
        return output
