"""Recipes: chains of steps with a name and a way to save, kept in files called ganfx.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx import pipeline
from ganfx.errors import OptionError, nearest
from ganfx.files import WRITABLE
from ganfx.filters import all_filters
from ganfx.paths import config_dir

FILE = "ganfx.toml"
# In the place of steps: they are chosen for each photograph.
AUTO = "auto"
_KINDS: Mapping[str, tuple[type, ...]] = {
    "steps": (str, list),
    "format": (str,),
    "quality": (int,),
    "strip_metadata": (bool,),
    "name": (str,),
}


@dataclass(frozen=True)
class Recipe:
    """What is done to pictures, and how they are saved where it says so.

    steps are none where they are chosen for each photograph. format is a suffix without its dot, name a template.
    """

    steps: tuple[pipeline.Step, ...]
    format: str | None = None
    quality: int | None = None
    strip_metadata: bool = False
    name: str | None = None

    @classmethod
    def of(cls, steps: str) -> Recipe:
        """The steps that a text says, as `pipeline.parse_steps` reads it, or AUTO. Raises OptionError."""
        return cls(_steps(steps))

    def open(self, engine: pipeline.EngineOptions) -> pipeline.Chooser:
        """The steps with their networks opened. Raises OptionError, ModelError or EngineError."""
        return pipeline.load_chain(self.steps, engine) if self.steps else pipeline.load_auto(engine)


def find_recipe(wanted: str, folder: Path | None = None) -> Recipe:
    """The recipe of the name `wanted`, or the one that it is: steps, as `pipeline.parse_steps` reads them, or AUTO.

    Named ones are looked for in `folder`, then from the current folder upwards, then in the user's own settings.
    Raises OptionError, naming the nearest, for what is not known and for a file that is not in order.
    """
    named: dict[str, tuple[Path, Any]] = {}
    for path in _places(folder):
        for name, table in _read(path).get("recipes", {}).items():
            named.setdefault(name, (path, table))
    if wanted in named:
        path, table = named[wanted]
        return _recipe(table, f"{path}: recipe {wanted!r}")
    first = re.split("[,:]", wanted)[0].strip()
    known = [*named, *all_filters(), AUTO]
    if first not in known:
        raise OptionError(f"no recipe or filter {first!r}", hint=nearest(first, known))
    return Recipe.of(wanted)


def recipe_of(folder: Path) -> Recipe | None:
    """The recipe that the ganfx.toml in this very folder names by its `recipe`. Raises OptionError."""
    wanted = _read(folder / FILE).get("recipe")
    return find_recipe(wanted, folder) if wanted is not None else None


def _places(folder: Path | None) -> list[Path]:
    here = Path.cwd()
    folders = [*([folder.resolve()] if folder else []), here, *here.parents, config_dir()]
    return [place / FILE for place in dict.fromkeys(folders)]


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise OptionError(f"{path}: {error}") from error
    _know(found, {"recipe": (str,), "recipes": (dict,)}, str(path))
    return found


def _know(table: Any, kinds: Mapping[str, tuple[type, ...]], where: str) -> None:
    """Raises OptionError where `table` has a key that is not known, or a value of another kind."""
    if not isinstance(table, dict):
        raise OptionError(f"{where} is not a table", hint=f"known keys: {', '.join(kinds)}")
    for key, value in table.items():
        if key not in kinds:
            raise OptionError(f"{where} has an unknown key {key!r}", hint=nearest(key, kinds))
        if type(value) not in kinds[key]:
            wanted = " or ".join(kind.__name__ for kind in kinds[key])
            raise OptionError(f"{where}: {key} is not of type {wanted}")


def _recipe(table: Any, where: str) -> Recipe:
    _know(table, _KINDS, where)
    if not table.get("steps"):
        raise OptionError(f"{where} has no steps", hint='write some: steps = "heal,upscale:4"')
    if table.get("format", "png") not in {suffix.lstrip(".") for suffix in WRITABLE}:
        raise OptionError(f"{where}: cannot write {table['format']!r}", hint=nearest(table["format"], WRITABLE))
    try:
        return Recipe(_steps(table["steps"]), **{key: value for key, value in table.items() if key != "steps"})
    except OptionError as error:
        raise OptionError(f"{where}: {error.message}", hint=error.hint) from error


def _steps(said: str | list[Any]) -> tuple[pipeline.Step, ...]:
    if said == AUTO:
        return ()
    if isinstance(said, str):
        return pipeline.parse_steps(said)
    return tuple(step for one in said for step in _one_or_more(one))


def _one_or_more(said: Any) -> Iterator[pipeline.Step]:
    if isinstance(said, str):
        yield from pipeline.parse_steps(said)
    elif isinstance(said, dict):
        yield pipeline.as_step(said)
    else:
        raise OptionError(f"a step is {said!r}", hint='write "upscale:4" or { filter = "upscale", scale = 4 }')
