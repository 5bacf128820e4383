"""From pictures to a model: train a network, export it, and add it to the user's models."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ganfx.errors import TrainingError
from ganfx.exporters.export import export_generator
from ganfx.exporters.weights import generator_state
from ganfx.hub import find_model, register
from ganfx.spec import ModelSpec
from ganfx.training.run import TrainingRequest, train
from ganfx.training.stylize import check_reversible, default_recipe
from ganfx.training.tasks import Trainable, trainable
from ganfx.training.trainer import CHECKPOINT

Say = Callable[[str], None]


@dataclass(frozen=True)
class TrainedModel:
    """A network that was trained.

    path: the ONNX file in the run's folder; a copy of it is among the user's models once it is `finished`.
    finished: whether the schedule's minutes are over; False after a pause, when `resume` goes on.
    steps: updates of the generator, over all runs of the schedule.
    """

    name: str
    path: Path
    spec: ModelSpec
    finished: bool
    steps: int


def train_model(
    filter: str,
    photos: Sequence[Path],
    *,
    minutes: float,
    name: str | None = None,
    folder: Path | None = None,
    recipe: str | None = None,
    style: Path | None = None,
    rule: str | None = None,
    both: bool = False,
    start_from: str | None = None,
    license: str = "private",
    resume: bool = False,
    pause_after: float | None = None,
    limit: int | None = None,
    device: str = "auto",
    devices: str = "1",
    say: Say = lambda line: None,
) -> list[TrainedModel]:
    """Train a network, export it as ONNX, and add it to the user's models once its minutes are over.

    filter: one of `TRAINABLE`.
    photos: folders of photographs, or single files.
    minutes: of the whole schedule, over all resumed runs; with `both` half of it for each network.
    name: of the model; by default the recipe's name with "-custom".
    folder: for checkpoints, metrics, sample grids and the ONNX file; by default runs/NAME.
    recipe: the name of one that ships, or the path of a TOML file; by default the one for the filter and the style.
    style: a picture in the style, or a folder of paintings, for "stylize" alone.
    rule: a style that is drawn by rule instead: a name of `ganfx.training.style_rules.RULES`.
    both: learn the way back too, from paintings to photographs, as NAME-back.
    start_from: a model's name or file whose weights to begin with.
    license: written into the model.
    resume, pause_after, limit, device, devices: as in `TrainingRequest`.
    say: takes lines about progress, for people.

    Returns the networks in the order of their training: one, or two with `both` where there was time for the second.
    An interrupt leaves a checkpoint to resume from. Raises TrainingError, ExportError, and ModelError where
    `start_from` is no model.
    """
    kind = trainable(filter)
    _check_style(kind, style, rule, both)
    recipe = recipe or kind.recipe or default_recipe(style, rule)
    name = name or f"{rule or Path(recipe).stem}-custom"
    request = TrainingRequest(
        filter=filter,
        photos=tuple(photos),
        minutes=minutes,
        folder=folder or Path("runs") / name,
        recipe=recipe,
        resume=resume,
        pause_after=pause_after,
        device=device,
        devices=devices,
        limit=limit,
        style=style,
        rule=rule,
    )
    job = _Job.starting(start_from, kind, license, say)
    return job.both_ways(name, request) if both else [job.train(name, request)]


def _check_style(kind: Trainable, style: Path | None, rule: str | None, both: bool) -> None:
    """Raises TrainingError where what is to say the style does not fit the filter, or each other."""
    if (style or rule or both) and not kind.learns_style:
        raise TrainingError(f"{kind.filter} learns no style", hint="style, rule and both are for stylize")
    if style and rule:
        raise TrainingError("a style is learnt from pictures or drawn by a rule", hint="give --style or --rule")
    if both:
        check_reversible(style)


@dataclass(frozen=True)
class _Job:
    """What the networks of one call share: `origin` for their contracts, and the `weights` to begin with."""

    kind: Trainable
    license: str
    origin: dict[str, Any]
    weights: dict[str, Tensor] | None
    say: Say

    @classmethod
    def starting(cls, start_from: str | None, kind: Trainable, license: str, say: Say) -> _Job:
        """Networks that begin with the weights of the model `start_from`; None: with new ones."""
        if start_from is None:
            return cls(kind, license, {}, None, say)
        weights = generator_state(find_model(start_from, task=kind.filter, selectors={}))
        return cls(kind, license, {"start_from": Path(start_from).stem}, weights, say)

    def both_ways(self, name: str, request: TrainingRequest) -> list[TrainedModel]:
        """Train there and back, each in its own subfolder; a network that is finished already is not trained on."""
        began = time.monotonic()
        half = dataclasses.replace(request, minutes=request.minutes / 2)
        there = self.train(name, dataclasses.replace(half, folder=request.folder / name))
        if not there.finished:
            return [there]
        name = f"{name}-back"
        folder, pause = request.folder / name, request.pause_after
        left = None if pause is None else max(0.0, pause - (time.monotonic() - began) / 60)
        resume = request.resume and (folder / CHECKPOINT).exists()
        back = dataclasses.replace(half, folder=folder, back=True, resume=resume, pause_after=left)
        return [there, self.train(name, back)]

    def train(self, name: str, request: TrainingRequest) -> TrainedModel:
        """Train and export one network, and register it if its minutes are over."""
        run = train(request, self.say, self.weights)
        path = request.folder / f"{name}.onnx"
        spec = run.spec(name)
        spec = dataclasses.replace(spec, license=self.license, training={**spec.training, **self.origin})
        report = export_generator(run.generator, spec, path)
        self.say(f"exported {path}: {report.size_bytes / 1e6:.2f} MB, largest error {report.max_error_stored:.1e}")
        if run.finished:
            register(path, name, replace=True)
            self.say(f"ready: {self.kind.use.format(name=name)}")
        else:
            self.say("paused: --resume goes on; the file above is what the network knows so far")
        return TrainedModel(name, path, report.spec, run.finished, run.steps)
