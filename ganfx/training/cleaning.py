"""The cleaner as a part of what another network learns from: frozen, before its input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganfx.exporters.weights import generator_state
from ganfx.hub import find_model
from ganfx.training.cleaner import Cleaner
from ganfx.training.recipe import load_recipe
from ganfx.training.wear import misjudged, strength_of

# What the filter takes for clean is not cleaned.
LEAST_STRENGTH = 0.02


class Cleaning(nn.Module):
    """Cleans a share of the pictures that have noise or compression, as strongly as these are, give or take.

    `model` names a recipe and the cleaner that was trained by it. Raises TrainingError and ModelError.
    """

    def __init__(self, model: str, share: float, device: torch.device) -> None:
        super().__init__()
        self.share = share
        self.cleaner = Cleaner(**load_recipe(model).generator)
        self.cleaner.load_state_dict(generator_state(find_model(model, task="clean", selectors={})))
        self.requires_grad_(False).eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def forward(self, seen: Tensor, soft: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) in [0, 1], whose like without noise and compression is `soft` -> the same, cleaned.

        H and W are multiples of the cleaner's unit.
        """
        strength = strength_of(seen, soft)
        chosen = (strength > LEAST_STRENGTH) & (torch.rand_like(strength) < self.share)
        cleaned = self.cleaner(seen, misjudged(strength)).clamp(0, 1)
        return torch.where(chosen[:, None, None, None], cleaned, seen)
