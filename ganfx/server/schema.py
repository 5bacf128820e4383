"""What there is to be chosen, as plain data: the filters, their models and options, from their own declarations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganfx import __version__, filters
from ganfx.filters import Filter, Option, all_filters
from ganfx.hub import WEIGHTS, ModelEntry, list_models
from ganfx.paths import models_dir
from ganfx.server.state_dir import SCHEMA, private_dir, write_private

_KINDS: dict[Any, str] = {bool: "bool", int: "int", float: "float"}
# For numbers without bounds: painting programs want some.
_FAR = 1_000_000
_RESULT = "A new image holds what is selected, or all; this image is enlarged as a whole"


def describe() -> dict[str, Any]:
    """The schema; it holds until something in the folders under `watched` changes after `made` (seconds since 1970).

    The filters are those that there are models for. A filter's mask is `required`, `found` (by the filter itself) or
    `none`; colors says whether grey pictures come back in color. Its models are those that are installed, the
    default first. Its controls are all that a person is asked: the model, what is to become of a larger `result` (a
    matter of the program that asks), and the options. A control's kind is bool, int or float (from low to high),
    choice (of choices, a title for each value) or text; where an option may be repeated its values are words of one
    text.
    """
    return {
        "version": __version__,
        "made": time.time(),
        "watched": [str(folder) for folder in (models_dir(), WEIGHTS, Path(filters.__path__[0]))],
        "filters": [_filter(filter_, entries) for filter_ in all_filters().values() if (entries := _fitting(filter_))],
    }


def write_schema(folder: Path) -> Path:
    """Keep the schema in `folder`, made if need be, for whoever asks without a service. Raises ServerError."""
    path = private_dir(folder) / SCHEMA
    write_private(path, describe())
    return path


def _fitting(filter_: Filter) -> list[ModelEntry]:
    """The models for a filter, the default first."""
    return sorted((entry for entry in list_models(filter_.model_task) if entry.spec), key=lambda one: not one.default)


def _filter(filter_: Filter, entries: list[ModelEntry]) -> dict[str, Any]:
    return {
        "name": filter_.name,
        "title": _title(filter_.name),
        "help": filter_.help,
        "mask": "required" if filter_.needs_mask else "found" if filter_.finder else "none",
        "colors": filter_.colored,
        "models": [{"name": entry.name, "title": _title(entry.name), "scale": entry.scale} for entry in entries],
        "controls": [*_choices(entries), *(_control(one) for one in filter_.options if not one.selects_model)],
    }


def _choices(entries: list[ModelEntry]) -> Iterator[dict[str, Any]]:
    models = {entry.name: _title(entry.name) for entry in entries}
    yield _said("model", "The network that does the work", "choice", entries[0].name, choices=models)
    if any((entry.scale or 1) > 1 for entry in entries):
        yield _said("result", _RESULT, "choice", "this", choices={"this": "This image, scaled", "new": "A new image"})


def _control(option: Option) -> dict[str, Any]:
    default, kind = option.default, _KINDS.get(option.kind, "text")
    if option.choices:
        choices = {choice: _title(choice) for choice in option.choices}
        return _said(option.name, option.help, "choice", default, choices=choices)
    if option.auto:
        return _said(option.name, option.help, "text", str(default))
    if option.repeatable or default is None:
        return _said(option.name, option.help, "text", " ".join(map(str, default or ())))
    low, high = option.bounds or (-_FAR, _FAR)
    bounds = {"low": low, "high": high} if kind in ("int", "float") else {}
    return _said(option.name, option.help, kind, default, **bounds)


def _said(name: str, help_: str, kind: str, default: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": _title(name), "help": help_, "kind": kind, "default": default, **more}


def _title(name: str) -> str:
    """A name for people: `photo-x4` -> `Photo x4`."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
