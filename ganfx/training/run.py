"""One training run: devices, photographs, task, trainer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ganfx.errors import TrainingError
from ganfx.paths import features_dir
from ganfx.spec import ModelSpec
from ganfx.training.monitor import PREVIEW_SIZE
from ganfx.training.photos import Photos
from ganfx.training.precision import Precision, choose_precision
from ganfx.training.recipe import TrainingRecipe, load_recipe
from ganfx.training.stylize import reversed_recipe, ruled_recipe
from ganfx.training.tasks import trainable
from ganfx.training.trainer import Trainer

Say = Callable[[str], None]


@dataclass(frozen=True)
class TrainingRequest:
    """One network to be trained.

    filter: one of `tasks.TRAINABLE`.
    photos: folders of photographs, or single files.
    minutes: of the whole schedule, over all resumed runs.
    folder: for the checkpoint, the metrics and the sample grids.
    recipe: the name of one that ships, or the path of a TOML file.
    resume: go on from the checkpoint in `folder`.
    pause_after: stop after so many minutes of this run.
    device, devices: what Lightning Fabric calls accelerator and devices: "auto", "cpu", "cuda"; a number or "auto".
    limit: read only so many files.
    style: a picture in the style, or a folder of paintings, for "stylize" alone.
    rule: the name of a rule that draws the style instead, see `style_rules`.
    back: train the way back, from pictures like those in `style` to ones like `photos`.
    """

    filter: str
    photos: tuple[Path, ...]
    minutes: float
    folder: Path
    recipe: str
    resume: bool = False
    pause_after: float | None = None
    device: str = "auto"
    devices: str = "1"
    limit: int | None = None
    style: Path | None = None
    rule: str | None = None
    back: bool = False


@dataclass(frozen=True)
class TrainingRun:
    """A finished or paused run.

    generator: the average of the weights, on the CPU, in fp32.
    contract: the fields of ModelSpec that the task knows.
    finished: whether the schedule's minutes are over; False after a pause.
    steps, minutes: over all runs of the schedule.
    photos: how many pictures were used.
    feature_networks: those in the losses.
    """

    generator: nn.Module
    recipe: TrainingRecipe
    contract: dict[str, Any]
    finished: bool
    steps: int
    minutes: float
    photos: int
    feature_networks: tuple[str, ...]

    def spec(self, name: str) -> ModelSpec:
        """The contract of this network, to be shipped inside its file."""
        training = {
            "recipe": self.recipe.name,
            "photographs": self.photos,
            "steps": self.steps,
            "features": ", ".join(self.feature_networks) or "none",
            "minutes": round(self.minutes, 1),
        }
        return ModelSpec.of_picture(name, self.recipe.filter, training=training, **self.contract)


def _fabric(request: TrainingRequest, recipe: TrainingRecipe) -> tuple[Fabric, Precision]:
    devices: int | str = "auto" if request.devices == "auto" else int(request.devices)
    try:
        device = Fabric(accelerator=request.device, devices=devices).device
        precision = choose_precision(recipe.precision, device)
        fabric = Fabric(accelerator=request.device, devices=devices, precision=precision.name)  # type: ignore[arg-type]
    except (RuntimeError, ValueError) as error:
        raise TrainingError(f"cannot train on {request.device!r}: {error}", hint="--device cpu always works") from error
    fabric.launch()
    if fabric.device.type == "cuda":
        torch.backends.cudnn.benchmark = True
    return fabric, precision


def train(request: TrainingRequest, say: Say, start_from: dict[str, Tensor] | None = None) -> TrainingRun:
    """Train until the request's minutes, or its pause, are over. Raises TrainingError.

    `start_from` is a generator's state dict to begin with. Ctrl-C leaves a checkpoint to resume from.
    """
    recipe = load_recipe(request.recipe)
    if recipe.filter != request.filter:
        raise TrainingError(f"{request.recipe} is a recipe for {recipe.filter}", hint=f"ganfx train {recipe.filter}")
    if request.rule:
        recipe = ruled_recipe(recipe, request.rule)
    fabric, precision = _fabric(request, recipe)
    shown, style = request.photos, (request.style,) if request.style else ()
    if request.back:
        recipe, shown, style = reversed_recipe(recipe), style, shown
    smallest = max(recipe.largest_stage, PREVIEW_SIZE)
    photos = Photos(
        list(shown),
        smallest,
        fabric.device,
        request.limit,
        fit=recipe.fit,
        turns=recipe.turns,
        drawings=recipe.drawings,
    )
    say(f"{len(photos)} pictures ({photos.skipped} files left out), on {fabric.device}")
    say(f"precision {precision.name}: {precision.reason}")
    features = features_dir()
    if features is None:
        say("no perceptual features (GANFX_FEATURES): training without them, results will be softer")
    style_arguments = {"style": style, "limit": request.limit} if style else {}
    task = trainable(recipe.filter).task_class()(recipe, photos, features, **style_arguments)
    trainer = Trainer(fabric, recipe, task, request.folder, say)
    if start_from is not None:
        trainer.start_from(start_from)
    if request.resume:
        trainer.resume()
    finished = trainer.run(request.minutes, request.pause_after)
    generator = trainer.ema_generator.cpu().float().eval()
    minutes = trainer.elapsed_s / 60
    return TrainingRun(
        generator=generator,
        recipe=recipe,
        contract=task.contract(generator),
        finished=finished,
        steps=trainer.step,
        minutes=minutes,
        photos=len(photos),
        feature_networks=task.feature_networks,
    )
