"""The training loop: timed by the clock, resumable, with rollback on NaN."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from ganfx.atomic import replacing
from ganfx.errors import TrainingError
from ganfx.training.gan import Gan
from ganfx.training.generators import ResidualUpscaler
from ganfx.training.monitor import Monitor, finite
from ganfx.training.recipe import TrainingRecipe

CHECKPOINT = "last.ckpt"
MAX_ROLLBACKS = 3
COOL_DOWN = 0.02


def rate_at(fraction: float) -> float:
    """The share of its peak a stage's learning rate has at `fraction` of its time: a cosine down to 2 %."""
    return COOL_DOWN + (1 - COOL_DOWN) * 0.5 * (1 + math.cos(math.pi * min(max(fraction, 0.0), 1.0)))


@dataclass
class Clock:
    """Training time in seconds, added up over all the runs that a schedule is spread over."""

    total_s: float
    before_s: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def here_s(self) -> float:
        return time.monotonic() - self.started

    @property
    def elapsed_s(self) -> float:
        return self.before_s + self.here_s

    @property
    def fraction(self) -> float:
        return self.elapsed_s / self.total_s


class Trainer:
    """Trains `task` by its recipe for `minutes` in all, in `folder`, saying lines through `say`."""

    def __init__(
        self, fabric: Fabric, recipe: TrainingRecipe, task: Any, folder: Path, say: Callable[[str], None]
    ) -> None:
        self.fabric, self.recipe, self.task, self.folder, self.say = fabric, recipe, task, folder, say
        self.gan = Gan(fabric, task.networks(), recipe)
        self.step = 0
        self.elapsed_s = 0.0
        self.damping = 1.0

    @property
    def checkpoint(self) -> Path:
        return self.folder / CHECKPOINT

    @property
    def ema_generator(self) -> nn.Module:
        """The network that ships."""
        return self.gan.ema_generator.module

    def start_from(self, weights: dict[str, torch.Tensor]) -> None:
        """Begin with those of another generator's `weights` that fit, such as the body of another scale's network.

        Those of a larger scale are taken as what they make, shrunk. Raises TrainingError where they are less than a
        third of the network.
        """
        generator = self.gan.generator.module
        if isinstance(generator, ResidualUpscaler):
            weights = generator.adapted(weights)
        own = generator.state_dict()
        fitting = {key: value for key, value in weights.items() if key in own and value.shape == own[key].shape}
        taken, total = (sum(value.numel() for value in part.values()) for part in (fitting, own))
        if taken < total / 3:
            raise TrainingError("the weights to start from belong to another network", hint="choose another model")
        for network in (generator, self.ema_generator):
            network.load_state_dict(own | fitting)
        self.say(f"begins with {taken / total:.0%} of its weights from another network")

    def save(self) -> None:
        """Write the checkpoint whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = self.gan.state() | {"step": self.step, "elapsed_s": self.elapsed_s}
        with replacing(self.checkpoint) as part:
            torch.save(state, part)

    def resume(self) -> None:
        """Go on from the checkpoint, on this machine or another. Raises TrainingError."""
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            self.gan.load_state(state)
            self.step, self.elapsed_s = state["step"], state["elapsed_s"]
        except (OSError, RuntimeError, KeyError) as error:
            raise TrainingError(f"{self.checkpoint}: cannot resume: {error}") from error

    def run(self, minutes: float, pause_after: float | None = None) -> bool:
        """Train until `minutes` are used up over all runs, or `pause_after` minutes in this one.

        True where the schedule is finished. Ctrl-C leaves a checkpoint and passes on. Raises TrainingError where
        the loss keeps going to NaN.
        """
        # Seeded by the first step and the device: nothing to store, and each device draws its own numbers.
        torch.manual_seed(self.step * self.fabric.world_size + self.fabric.global_rank)
        clock = Clock(minutes * 60, self.elapsed_s)
        monitor = Monitor(self.folder, self.task, self.say)
        try:
            self._loop(clock, monitor, math.inf if pause_after is None else pause_after * 60)
        finally:
            self._report(monitor, clock)
        return clock.fraction >= 1

    def _loop(self, clock: Clock, monitor: Monitor, pause_s: float) -> None:
        kept = copy.deepcopy(self.gan.state())
        rollbacks = 0
        while (fraction := self._agreed(clock.fraction if clock.here_s < pause_s else 1.0)) < 1:
            metrics = self._step(fraction)
            self.step += 1
            if self._agreed(float(not finite(metrics))):
                rollbacks += 1
                self._roll_back(kept, rollbacks)
                continue
            monitor.add(metrics)
            if monitor.due:
                kept, rollbacks = copy.deepcopy(self.gan.state()), 0
                self._report(monitor, clock)

    def _agreed(self, value: float) -> float:
        """The largest `value` among all devices, so that they all take the same branch."""
        if self.fabric.world_size == 1:
            return value
        gathered = self.fabric.all_gather(torch.tensor(value))
        assert isinstance(gathered, torch.Tensor)
        return float(gathered.max())

    def _step(self, fraction: float) -> dict[str, float]:
        stage, through = self.recipe.stage_at(fraction)
        metrics = self.task.step(self.gan, stage, self.damping * rate_at(through))
        # One copy from the device instead of one for each figure.
        return dict(zip(metrics, torch.stack(list(metrics.values())).tolist(), strict=True))

    def _roll_back(self, kept: dict[str, Any], count: int) -> None:
        if count > MAX_ROLLBACKS:
            raise TrainingError("the loss keeps going to NaN", hint="lower the learning rates in the recipe")
        self.damping /= 2
        self.say(f"warning: NaN at step {self.step}: back to the last good minute, at half the learning rate")
        self.gan.load_state(copy.deepcopy(kept))

    def _report(self, monitor: Monitor, clock: Clock) -> None:
        self.elapsed_s = clock.elapsed_s
        if self.fabric.is_global_zero:
            monitor.write(self.ema_generator, self.step, clock.elapsed_s, clock.total_s)
            self.save()
