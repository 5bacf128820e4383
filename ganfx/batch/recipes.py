"""Recipes: named chains of steps and how to save their results, kept in files called ganfx.toml."""

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
from ganfx.filters import all_filters, find_filter
from ganfx.paths import config_dir

FILE = "ganfx.toml"
# Instead of steps: they are chosen for each picture.
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
    """The steps to run pictures through, and how to save the results.

    steps: empty where they are chosen for each picture (AUTO).
    format: the suffix of results without its dot; None leaves that to the caller, as for the fields below.
    quality: 1..100, of JPEG, WebP and AVIF.
    strip_metadata: leave out EXIF, XMP and IPTC.
    name: a template for the names of results, see `items.FIELDS`.
    """

    steps: tuple[pipeline.Step, ...]
    format: str | None = None
    quality: int | None = None
    strip_metadata: bool = False
    name: str | None = None

    @property
    def needing_mask(self) -> list[str]:
        """The filters among the steps that work where a mask says."""
        return [step.filter for step in self.steps if find_filter(step.filter).needs_mask]

    @classmethod
    def of(cls, steps: str) -> Recipe:
        """The recipe of steps in the syntax of `pipeline.parse_steps`, or of AUTO. Raises OptionError."""
        return cls(_steps(steps))

    def open(self, engine: pipeline.EngineOptions) -> pipeline.Chooser:
        """The chain of the steps, or its chooser for AUTO, with opened networks.

        Raises OptionError, ModelError or EngineError.
        """
        return pipeline.load_chain(self.steps, engine) if self.steps else pipeline.load_auto(engine)


def find_recipe(wanted: str, folder: Path | None = None) -> Recipe:
    """The recipe called `wanted`; or, where `wanted` is steps in the syntax of `pipeline.parse_steps` or AUTO, that.

    Named recipes are searched in the ganfx.toml of `folder`, of the current folder and those above it, and of the
    user's configuration folder. Raises OptionError for unknown names (with the nearest known one) and invalid files.
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


def folder_recipe(folder: Path) -> Recipe | None:
    """The recipe set by the key `recipe` in the ganfx.toml of `folder`; None without one. Raises OptionError."""
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
    _check_keys(found, {"recipe": (str,), "recipes": (dict,)}, str(path))
    return found


def _check_keys(table: Any, kinds: Mapping[str, tuple[type, ...]], where: str) -> None:
    """Raises OptionError where `table` has an unknown key, or a value of the wrong type."""
    if not isinstance(table, dict):
        raise OptionError(f"{where} is not a table", hint=f"known keys: {', '.join(kinds)}")
    for key, value in table.items():
        if key not in kinds:
            raise OptionError(f"{where} has an unknown key {key!r}", hint=nearest(key, kinds))
        if type(value) not in kinds[key]:
            wanted = " or ".join(kind.__name__ for kind in kinds[key])
            raise OptionError(f"{where}: {key} is not of type {wanted}")


def _recipe(table: Any, where: str) -> Recipe:
    _check_keys(table, _KINDS, where)
    if not table.get("steps"):
        raise OptionError(f"{where} has no steps", hint='write some: steps = "heal,upscale:4"')
    if table.get("format", "png") not in {suffix.lstrip(".") for suffix in WRITABLE}:
        raise OptionError(f"{where}: cannot write {table['format']!r}", hint=nearest(table["format"], WRITABLE))
    try:
        return Recipe(_steps(table["steps"]), **{key: value for key, value in table.items() if key != "steps"})
    except OptionError as error:
        raise OptionError(f"{where}: {error.message}", hint=error.hint) from error


def _steps(value: str | list[Any]) -> tuple[pipeline.Step, ...]:
    if value == AUTO:
        return ()
    if isinstance(value, str):
        return pipeline.parse_steps(value)
    return tuple(step for entry in value for step in _entry_steps(entry))


def _entry_steps(entry: Any) -> Iterator[pipeline.Step]:
    if isinstance(entry, str):
        yield from pipeline.parse_steps(entry)
    elif isinstance(entry, dict):
        yield pipeline.as_step(entry)
    else:
        raise OptionError(f"a step is {entry!r}", hint='write "upscale:4" or { filter = "upscale", scale = 4 }')
