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
    """Settings of one stage; `share` of the run's minutes belongs to it."""

    share: float
    batch: int
    patch: int
    generator_rate: float
    discriminator_rate: float = 0.0


@dataclass(frozen=True)
class Adversarial:
    """The second player and what its verdict and its helpers weigh in the generator's loss."""

    kind: str
    channels: int
    loss: str
    pixel: float
    low_frequency: float
    perceptual: float
    adversarial: float


@dataclass(frozen=True)
class Recipe:
    name: str
    filter: str
    scale: int
    precision: str
    generator: dict[str, int]
    ema: float
    clip: float
    pixel_stage: Stage
    adversarial_stage: Stage
    adversarial: Adversarial
    degradation: dict[str, Any]


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
    values = {
        name: _build(hints[name], value, f"{where}, [{name}]") if dataclasses.is_dataclass(hints[name]) else value
        for name, value in table.items()
    }
    return kind(**values)


def recipe_names() -> list[str]:
    """The recipes that come with ganfx."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """A recipe by its name, or by the path of a TOML file of one's own. Raises TrainingError."""
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"no recipe {name!r}", hint=f"recipes: {', '.join(recipe_names())}") from error
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"{path}: {error}") from error
    return _build(Recipe, table, str(path))
