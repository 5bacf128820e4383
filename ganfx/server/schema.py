"""The schema: filters, models and options as JSON, from which clients build their menus and dialogues."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganfx import __version__, filters
from ganfx.filters import AUTO, CANDIDATES, Filter, Option, all_filters
from ganfx.hub import WEIGHTS, ModelEntry, installed_models
from ganfx.paths import models_dir
from ganfx.server.state_dir import SCHEMA, private_dir, write_private

# Types of options -> kinds of controls; any other type is text.
_KINDS: dict[Any, str] = {bool: "bool", int: "int", float: "float"}
# Bounds of numbers that have none: widgets need some.
_UNBOUNDED = 1_000_000
_RESULT_HELP = "A new image holds what is selected, or all; this image is enlarged as a whole"

_CANDIDATES_HELP = (
    "So many results to choose from, each in a layer: the first with the seed, each other with the next one"
)


def describe() -> dict[str, Any]:
    """The schema (docs/service.md lists its fields).

    It is valid until a folder in `watched` changes after `made` (seconds since 1970). It lists the filters for which
    there are models, the default model first. `mask` is required (the client must send one), found (the filter makes
    its own) or none; `colors` says whether grey pictures become colored. `controls` are what to ask the user: the
    model, for enlarging models the result, for filters with a seed the number of candidates (neither is sent; see
    the plug-ins), and the options. A control's kind is bool, int or float (with low and high), choice (titles by value)
    or text (for a repeatable option, values separated by spaces). A number with the key `auto` may also be sent as that
    word.
    """
    return {
        "version": __version__,
        "made": time.time(),
        "watched": [str(folder) for folder in (models_dir(), WEIGHTS, Path(filters.__path__[0]))],
        "filters": [_filter(filter_, entries) for filter_ in all_filters().values() if (entries := _models(filter_))],
    }


def write_schema(folder: Path) -> Path:
    """Write the schema to `folder` for clients that do not start the service; returns its path. Raises ServerError."""
    path = private_dir(folder) / SCHEMA
    write_private(path, describe())
    return path


def _models(filter_: Filter) -> list[ModelEntry]:
    """Usable models for a filter, the default first."""
    return sorted(
        (entry for entry in installed_models(filter_.model_task) if entry.spec), key=lambda one: not one.default
    )


def _filter(filter_: Filter, entries: list[ModelEntry]) -> dict[str, Any]:
    return {
        "name": filter_.name,
        "title": _title(filter_.name),
        "help": filter_.help,
        "mask": _mask(filter_),
        "colors": filter_.colored,
        "models": [{"name": entry.name, "title": _title(entry.name), "scale": entry.scale} for entry in entries],
        "controls": [
            *_model_controls(entries),
            *_candidates_controls(filter_),
            *(_option_control(one) for one in filter_.options if not one.selects_model and not _is_file(one)),
        ],
    }


def _mask(filter_: Filter) -> str:
    if filter_.needs_mask:
        return "required"
    return "found" if filter_.finder else "optional" if filter_.maskable else "none"


def _model_controls(entries: list[ModelEntry]) -> Iterator[dict[str, Any]]:
    models = {entry.name: _title(entry.name) for entry in entries}
    yield _control("model", "The network that does the work", "choice", entries[0].name, choices=models)
    if any((entry.scale or 1) > 1 for entry in entries):
        yield _control(
            "result", _RESULT_HELP, "choice", "this", choices={"this": "This image, scaled", "new": "A new image"}
        )


def _candidates_controls(filter_: Filter) -> Iterator[dict[str, Any]]:
    if filter_.has_seed:
        yield _control("candidates", _CANDIDATES_HELP, "int", 1, low=1, high=CANDIDATES)


def _is_file(option: Option) -> bool:
    """Whether it takes nothing but paths, which the service does not."""
    return option.opens is bool


def _option_control(option: Option) -> dict[str, Any]:
    default, kind = option.default, _KINDS.get(option.kind, "text")
    if option.choices:
        choices = {choice: _title(choice) for choice in option.choices}
        return _control(option.name, option.help, "choice", default, choices=choices)
    if option.repeatable or default is None:
        several = {"repeatable": True} if option.repeatable else {}
        return _control(option.name, option.help, "text", " ".join(map(str, default or ())), **several)
    low, high = option.bounds or (-_UNBOUNDED, _UNBOUNDED)
    bounds = {"low": low, "high": high} if kind in ("int", "float") else {}
    auto = {"auto": AUTO} if option.auto else {}
    return _control(option.name, option.help, kind, default, **bounds, **auto)


def _control(name: str, help_: str, kind: str, default: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": _title(name), "help": help_, "kind": kind, "default": default, **more}


def _title(name: str) -> str:
    """A name as shown to users: `photo-x4` -> `Photo x4`."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
