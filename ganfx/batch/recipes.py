"""Recipes: named chains of steps and how to save their results, kept in files called ganfx.toml."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from ganfx import pipeline
from ganfx.atomic import reason_of
from ganfx.batch.name_template import NameTemplate
from ganfx.batch.records import followed
from ganfx.errors import OptionError, nearest
from ganfx.files import WRITABLE, Icc, SaveOptions
from ganfx.filters import SIZES, Planes, TargetSize, all_filters, find_filter
from ganfx.hub import is_path
from ganfx.open_folder import read_small
from ganfx.paths import config_dir, models_dir
from ganfx.toml_text import read_toml

FILE = "ganfx.toml"
# Instead of steps: they are chosen for each picture.
AUTO = "auto"
_MOST_BYTES = 2**16
_ROOT = 0
_KINDS: Mapping[str, tuple[type, ...]] = {
    "steps": (str, list),
    "format": (str,),
    "quality": (int,),
    "lossless": (bool,),
    "icc": (str,),
    "strip_metadata": (bool,),
    "name": (str,),
    "color": (bool,),
    **{option.name: (int, float, str) for option in SIZES},
}


@dataclass(frozen=True)
class Recipe:
    """The steps to run pictures through, and how to save the results.

    steps: empty where they are chosen for each picture (AUTO).
    format: the suffix of results without its dot; None leaves that to the caller, as for the fields below.
    quality: 1..100, of formats that have one; None is the default of the format.
    lossless: keep all samples as they are; formats that cannot do that are refused.
    icc: the color space of results, see `SaveOptions`; None is keep.
    strip_metadata: leave out EXIF, XMP and IPTC.
    name: a template for the names of results.
    color: whether AUTO gives pictures without colors some.
    size: how large results are, as the value of one of `ganfx.filters.SIZES`; empty leaves that to the steps.
    """

    steps: tuple[pipeline.Step, ...]
    format: str | None = None
    quality: int | None = None
    lossless: bool = False
    icc: Icc | None = None
    strip_metadata: bool = False
    name: NameTemplate | None = None
    color: bool = False
    size: Mapping[str, Any] = field(default_factory=dict)

    @property
    def saving(self) -> SaveOptions:
        """How results are saved. Raises OptionError where a value is out of range."""
        return SaveOptions(self.quality, self.lossless, self.icc or "keep", self.strip_metadata)

    @property
    def needing_mask(self) -> list[str]:
        """The filters among the steps that work where a mask says."""
        return [step.filter for step in self.steps if find_filter(step.filter).needs_mask]

    @property
    def takes_mask(self) -> bool:
        """Whether a step works where a mask says, if there is one."""
        return any(find_filter(step.filter).takes_mask for step in self.steps)

    def sized(self, values: Mapping[str, Any]) -> Recipe:
        """The recipe with the size in `values` of `SIZES`, if there is one. Raises OptionError for two of them."""
        given = {option.name: option.check(values.get(option.name)) for option in SIZES}
        target = TargetSize.of({**self.size, **{name: value for name, value in given.items() if value is not None}})
        return dataclasses.replace(self, size={target.name: target.value} if target else {})

    @property
    def adds_alpha(self) -> bool:
        """Whether results have an alpha where pictures have none. Raises OptionError for values not allowed."""
        planes = Planes(grey=False, alpha=False)
        for step in self.steps:
            filter_ = find_filter(step.filter)
            planes = filter_.output_planes(planes, filter_.check(step.options))
        return planes.alpha

    @classmethod
    def of(cls, steps: str) -> Recipe:
        """The recipe of steps in the syntax of `pipeline.parse_steps`, or of AUTO. Raises OptionError."""
        return cls(_steps(steps))

    def open(self, engine: pipeline.EngineOptions) -> pipeline.Chooser:
        """The chain of the steps, or its chooser for AUTO, with opened networks; the last one makes the size.

        Raises OptionError, ModelError or EngineError.
        """
        if not self.steps:
            return pipeline.load_auto(engine, color=self.color, size=self.size)
        return pipeline.load_chain((*self.steps, *self._sizing), engine)

    @property
    def _sizing(self) -> tuple[pipeline.Step, ...]:
        """The step that makes the size asked for. Raises OptionError where one of the others says a size."""
        named = [step.filter for step in self.steps if any(option.sizes for option in find_filter(step.filter).options)]
        if self.size and named:
            name = next(iter(self.size)).replace("_", "-")
            raise OptionError(
                f"{name} and the step {named[0]} both say how large results are",
                hint=f"leave out {name}, or write {named[0]}:{name}=...",
            )
        return (pipeline.Step("upscale", self.size),) if self.size else ()


@dataclass(frozen=True)
class _RecipeFile:
    """What a ganfx.toml says.

    allow_model_files: whether its recipes may name model files outside the user's own models.
    """

    path: Path
    content: Mapping[str, Any]
    allow_model_files: bool

    @property
    def recipes(self) -> Mapping[str, Any]:
        recipes: dict[str, Any] = self.content.get("recipes", {})
        return recipes

    def recipe(self, name: str) -> Recipe:
        return self.checked(_recipe(self.recipes[name], f"{self.path}: recipe {name!r}"))

    def checked(self, recipe: Recipe) -> Recipe:
        """`recipe`, once it is known to name allowed models alone. Raises OptionError."""
        outside = [name for step in recipe.steps for name in (step.model, step.finder) if name and _is_outside(name)]
        if outside and not self.allow_model_files:
            raise OptionError(
                f"{self.path} names the model file {outside[0]!r}, which is none of your models",
                hint="ganfx models import makes it yours, --allow-model-files allows it",
            )
        return recipe


def find_recipe(wanted: str, folder: Path | None = None, *, allow_model_files: bool = False) -> Recipe:
    """The recipe called `wanted`; or, where `wanted` is steps in the syntax of `pipeline.parse_steps` or AUTO, that.

    The names of filters and AUTO are never those of recipes. Other recipes are searched in the ganfx.toml of `folder`,
    of the current folder and those above it, as far as they are the user's own, and of the user's configuration folder.

    allow_model_files: whether recipes found elsewhere than in the configuration folder may name any model file, and not
        just the user's models.

    Raises OptionError for unknown names (with the nearest known one), invalid files and models not allowed.
    """
    first = re.split("[,:]", wanted)[0].strip()
    if first in _built_in():
        return Recipe.of(wanted)
    named: dict[str, _RecipeFile] = {}
    for place in _places(folder):
        file = _read(place / FILE, allow_model_files=allow_model_files or place == config_dir())
        for name in file.recipes:
            named.setdefault(name, file)
    if wanted in named:
        return named[wanted].recipe(wanted)
    known = [*named, *_built_in()]
    raise OptionError(f"no recipe or filter {first!r}", hint=nearest(first, known))


def recipes_here() -> dict[Path, list[str]]:
    """The names of the recipes that are found from the current folder, by the files that they stand in.

    Raises OptionError for a file that cannot be read.
    """
    paths = [place / FILE for place in _places(None)]
    return {path: list(_read(path, allow_model_files=False).recipes) for path in paths if path.exists()}


def folder_recipe(folder: Path, *, allow_model_files: bool = False) -> Recipe | None:
    """The recipe set by the key `recipe` in the ganfx.toml of `folder`; None without one.

    Raises OptionError as `find_recipe` does, also where the file gives a recipe the name of a filter.
    """
    file = _read(folder / FILE, allow_model_files=allow_model_files)
    wanted = file.content.get("recipe")
    if wanted is None:
        return None
    if wanted in file.recipes and wanted in _built_in():
        raise OptionError(f"{file.path}: recipe {wanted!r} has the name of a filter", hint="call it something else")
    found = find_recipe(wanted, folder, allow_model_files=allow_model_files)
    is_own = wanted in file.recipes or re.split("[,:]", wanted)[0].strip() in _built_in()
    return file.checked(found) if is_own else found


def _is_outside(model: str) -> bool:
    """Whether `model` names a file that is none of the user's models."""
    return is_path(model) and not followed(Path(model)).is_relative_to(followed(models_dir()))


def _built_in() -> list[str]:
    return [*all_filters(), AUTO]


def _places(folder: Path | None) -> Iterator[Path]:
    """The folders whose ganfx.toml is read: those above the current one as far as they belong to the user."""
    if folder:
        yield folder
    here = Path.cwd()
    yield from dict.fromkeys([here, *itertools.takewhile(_is_trusted, here.parents)])
    yield config_dir()


def _is_trusted(folder: Path) -> bool:
    return os.name == "nt" or folder.stat().st_uid in (os.geteuid(), _ROOT)


def _read(path: Path, *, allow_model_files: bool) -> _RecipeFile:
    try:
        found = read_toml(read_small(path, _MOST_BYTES).decode())
    except (FileNotFoundError, NotADirectoryError):
        found = {}
    except (OSError, ValueError) as error:
        raise OptionError(f"{path}: {reason_of(error)}", hint="correct the file, or remove it") from error
    _check_keys(found, {"recipe": (str,), "recipes": (dict,)}, str(path))
    return _RecipeFile(path, found, allow_model_files)


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
    if table.get("icc", "keep") not in get_args(Icc):
        raise OptionError(f"{where}: no color space {table['icc']!r}", hint=f"one of {', '.join(get_args(Icc))}")
    name = table.get("name")
    try:
        template = None if name is None else NameTemplate(name)
        sizes = {option.name for option in SIZES}
        own = {key: value for key, value in table.items() if key not in {"steps", "name", *sizes}}
        return Recipe(_steps(table["steps"]), name=template, **own).sized(table)
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
