"""A training run written down: TOML files in `recipes/`, read into frozen dataclasses."""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ganfx.errors import TrainingError

RECIPES = Path(__file__).parent / "recipes"
T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """One stage of the training, `share` of the run's minutes long.

    batch is a number of images, patch their side in pixels; rates are peak learning rates. Without a
    discriminator_rate no discriminator is trained, and the generator has no adversarial loss.
    """

    share: float
    batch: int
    patch: int
    generator_rate: float
    discriminator_rate: float = 0.0

    @property
    def adversarial(self) -> bool:
        return self.discriminator_rate > 0


@dataclass(frozen=True)
class AdversarialSettings:
    """The discriminator, the kind of GAN, and the weights of the generator's losses.

    kind, channels: of the discriminator, one of `discriminators.KINDS` or "features".
    loss: the kind of GAN, one of `adversarial.KINDS`.
    pixel, low_frequency, perceptual, adversarial, grid: weights.
    vgg: the weight of a second perceptual loss, on VGG-19, where a task has one.
    regularizer, penalty, penalty_interval, critic_steps, betas: instead of what the kind of GAN has; see
    `adversarial.Adversarial`. regularizer is one of `adversarial.REGULARIZERS`, penalty its weight.
    """

    kind: str
    channels: int
    loss: str
    pixel: float
    low_frequency: float
    perceptual: float
    adversarial: float
    grid: float = 0.0
    vgg: float = 0.0
    regularizer: str | None = None
    penalty: float | None = None
    penalty_interval: int | None = None
    critic_steps: int | None = None
    betas: tuple[float, ...] | None = None


# For recipes whose stages train no discriminator.
NOT_ADVERSARIAL = AdversarialSettings("patch", 1, "vanilla", 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class TrainingRecipe:
    """One network's training.

    filter: what the network is for, one of `tasks.TRAINABLE`.
    precision: "auto", or what Lightning Fabric calls one, such as "bf16-mixed" or "32-true".
    generator: arguments of the task's network.
    ema: decay of the average of the weights, 0..1; the average is what ships.
    clip: largest norm of a network's gradient.
    settings: the task's own.
    teachers: names of upscalers by kinds of degradation, to learn from instead of from originals; see `Lessons`.
    taught_after_cleaning: kinds whose teachers are shown what the cleaner made of a picture, as the network is.
    scale: how much larger the output is, for upscaling.
    widest: photographs are cut up to so many pixels a side and shrunk to a stage's patch; 0 cuts at the patch's size.
    fit, turns, drawings: as in `Photos`.
    """

    name: str
    filter: str
    precision: str
    generator: dict[str, Any]
    ema: float
    clip: float
    stages: tuple[Stage, ...]
    settings: dict[str, Any]
    adversarial: AdversarialSettings = NOT_ADVERSARIAL
    scale: int = 1
    widest: int = 0
    fit: int = 0
    turns: bool = True
    drawings: int = 0
    teachers: dict[str, str] | None = None
    taught_after_cleaning: tuple[str, ...] = ()

    def stage_at(self, fraction: float) -> tuple[Stage, float]:
        """The stage that `fraction` of the run's minutes belongs to, and how far through it that is, 0..1."""
        begin = 0.0
        for stage in self.stages:
            if fraction < begin + stage.share or stage is self.stages[-1]:
                break
            begin += stage.share
        return stage, (fraction - begin) / max(stage.share, 1e-9)

    @property
    def largest_stage(self) -> int:
        return max(stage.patch for stage in self.stages)


def _build(kind: type[T], table: dict[str, Any], where: str) -> T:
    """`table` as a `kind`, every field by its name; unknown and missing settings are errors."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(fields))
    missing = sorted(
        name for name, field in fields.items() if name not in table and field.default is dataclasses.MISSING
    )
    if unknown or missing:
        problem = f"unknown setting {unknown[0]!r}" if unknown else f"setting {missing[0]!r} is missing"
        raise TrainingError(f"{where}: {problem}", hint=f"settings: {', '.join(sorted(fields))}")
    return kind(**{name: _value(hints[name], value, f"{where}, [{name}]") for name, value in table.items()})


def _value(kind: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _build(kind, value, where)
    if typing.get_origin(kind) is tuple:
        return tuple(_value(typing.get_args(kind)[0], part, where) for part in value)
    return value


def recipe_names(filter: str | None = None) -> list[str]:
    """The recipes that come with ganfx, of `filter` only where it is given."""
    names = sorted(path.stem for path in RECIPES.glob("*.toml"))
    return [name for name in names if filter in (None, load_recipe(name).filter)]


def load_recipe(name: str) -> TrainingRecipe:
    """A recipe by its name, or by the path of a TOML file of one's own. Raises TrainingError."""
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"no recipe {name!r}", hint=f"recipes: {', '.join(recipe_names())}") from error
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"{path}: {error}") from error
    return _build(TrainingRecipe, table, str(path))
