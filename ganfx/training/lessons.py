"""Pairs whose targets come from other networks: a small network learns in minutes what these took days to find.

Knowledge distillation (Hinton et al. 2015) for super-resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
import torch
from torch import Tensor

from ganfx.engine import open_engine
from ganfx.errors import TrainingError
from ganfx.hub import find_model
from ganfx.training.cleaning import Cleaning
from ganfx.training.degradations import KINDS, Degradation, degrade
from ganfx.training.photos import Photos
from ganfx.training.pool import Pool, as_bytes, as_floats

# Low-resolution pixels at each side of a picture that a teacher sees and the student does not.
_MARGIN = 4
# New pairs for each batch, and the most that are kept.
_FRESH, _MOST = 4, 2000


class Lessons:
    """Pairs of a degraded picture and what a teacher makes of it, in a pool that is renewed as it is drawn from.

    `teachers` names a model for each kind of degradation, see `degradations.KINDS`. A teacher is shown the picture as
    it was degraded; the student, and teachers of the kinds in `after_cleaning`, get it as `cleaning` leaves it. Raises
    TrainingError where a kind has no teacher or a teacher has another scale, and ModelError where one is not installed.
    """

    def __init__(
        self,
        photos: Photos,
        degradation: Degradation,
        cleaning: Cleaning | None,
        teachers: Mapping[str, str],
        scale: int,
        *,
        after_cleaning: Collection[str] = (),
    ) -> None:
        if set(teachers) != set(KINDS) or not set(after_cleaning) <= set(KINDS):
            raise TrainingError(f"teachers are needed for {', '.join(KINDS)}", hint="one model may teach all of them")
        self.photos, self.degradation, self.cleaning, self.scale = photos, degradation, cleaning, scale
        self.after_cleaning = after_cleaning
        self.teachers = {kind: _teacher(teachers[kind], scale) for kind in KINDS}
        self.pool = Pool(self._made, _FRESH, _MOST)

    def draw(self, batch: int, patch: int) -> tuple[Tensor, Tensor, Tensor]:
        """(low_res, taught, high_res): (N, 3, patch / scale, patch / scale) and twice (N, 3, patch, patch)."""
        low_res, taught, high_res = map(as_floats, self.pool.draw(batch, patch))
        return low_res, taught, high_res

    def _made(self, count: int, patch: int) -> tuple[Tensor, Tensor, Tensor]:
        """New ones, as `draw` gives them, in bytes."""
        margin = _MARGIN * self.scale
        high_res = self.photos.crops(count, patch + 2 * margin)
        seen, soft = degrade(high_res, self.scale, self.degradation)
        given = self.cleaning(seen, soft) if self.cleaning else seen
        kinds = self.degradation.kinds_of(count)
        shown = [
            cleaned if kind in self.after_cleaning else degraded
            for kind, cleaned, degraded in zip(kinds, given, seen, strict=True)
        ]
        taught = torch.stack([self.teachers[kind](one) for one, kind in zip(shown, kinds, strict=True)])
        return _inner(given, _MARGIN), _inner(taught, margin), _inner(high_res, margin)


def _teacher(name: str, scale: int) -> Callable[[Tensor], Tensor]:
    """rgb (3, H, W) in [0, 1] -> (3, H * scale, W * scale), by the installed upscaler `name`."""
    engine = open_engine(find_model(name, task="upscale"))
    if engine.spec.scale != scale:
        raise TrainingError(f"{name} has scale {engine.spec.scale}, not {scale}", hint="choose another teacher")

    def enlarge(rgb: Tensor) -> Tensor:
        enlarged = engine.run(np.ascontiguousarray(rgb.permute(1, 2, 0).cpu().numpy()))
        return torch.from_numpy(enlarged).permute(2, 0, 1).to(rgb.device)

    return enlarge


def _inner(images: Tensor, margin: int) -> Tensor:
    """(N, 3, H, W) in [0, 1] without `margin` pixels at each side, as bytes."""
    return as_bytes(images[..., margin:-margin, margin:-margin])
