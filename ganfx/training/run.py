"""A training run from a request: devices, photographs, recipe, trainer, in that order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from ganfx.errors import TrainingError
from ganfx.spec import FilterSpec
from ganfx.training.features import features_dir
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.photos import Photos
from ganfx.training.recipe import Recipe, load_recipe
from ganfx.training.trainer import Trainer
from ganfx.training.upscale import PREVIEW_SIZE, UpscaleTask

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What the user asked for; times in minutes, `devices` a number or "auto"."""

    photos: tuple[Path, ...]
    minutes: float
    folder: Path
    recipe: str = "photo-x4"
    resume: bool = False
    pause_after: float | None = None
    device: str = "auto"
    devices: str = "1"
    limit: int | None = None


@dataclass(frozen=True)
class Trained:
    """A finished (or paused) run: the averaged generator on the CPU, and the recipe that made it."""

    generator: ResidualUpscaler
    recipe: Recipe
    finished: bool
    steps: int
    minutes: float
    photos: int

    def spec(self, name: str) -> FilterSpec:
        """The contract of this network, to be shipped inside its file."""
        recipe, network = self.recipe, self.generator
        return FilterSpec(
            name=name,
            filter=recipe.filter,
            scale=recipe.scale,
            multiple_of=network.unshuffle,
            min_size=network.unshuffle,
            receptive_field=network.receptive_field,
            description=f"{recipe.scale}x, {network.channels} channels, {network.blocks} residual blocks",
            training={
                "recipe": recipe.name,
                "photographs": self.photos,
                "steps": self.steps,
                "minutes": round(self.minutes, 1),
            },
        )


def _fabric(request: Request, recipe: Recipe) -> Fabric:
    devices: int | str = "auto" if request.devices == "auto" else int(request.devices)
    try:
        fabric = Fabric(accelerator=request.device, devices=devices, precision=recipe.precision)  # type: ignore[arg-type]
    except (RuntimeError, ValueError) as error:
        raise TrainingError(f"cannot train on {request.device!r}: {error}", hint="--device cpu always works") from error
    fabric.launch()
    if fabric.device.type == "cuda":
        torch.backends.cudnn.benchmark = True
    return fabric


def train_upscale(request: Request, say: Say, start_from: dict[str, Tensor] | None = None) -> Trained:
    """Train until the request's minutes, or its pause, are over. Raises TrainingError.

    `start_from` is a generator's state dict to begin with. Ctrl-C leaves a checkpoint to resume from.
    """
    recipe = load_recipe(request.recipe)
    fabric = _fabric(request, recipe)
    photos = Photos(list(request.photos), _smallest_side(recipe), fabric.device, request.limit)
    say(f"{len(photos)} photographs ({photos.skipped} files left out), on {fabric.device}")
    features = features_dir()
    if features is None:
        say("no perceptual features (GANFX_FEATURES): training without them, results will be softer")
    trainer = Trainer(fabric, recipe, UpscaleTask(recipe, photos, features), request.folder, say)
    if start_from is not None:
        trainer.start_from(start_from)
    if request.resume:
        trainer.resume()
    finished = trainer.run(request.minutes, request.pause_after)
    generator = trainer.ema_generator.cpu().float().eval()
    assert isinstance(generator, ResidualUpscaler)
    return Trained(generator, recipe, finished, trainer.step, trainer.elapsed_s / 60, len(photos))


def _smallest_side(recipe: Recipe) -> int:
    return max(recipe.pixel_stage.patch, recipe.adversarial_stage.patch, PREVIEW_SIZE)
