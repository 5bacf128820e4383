"""What there is to be chosen, as plain data: the filters, their models and options, from their own declarations."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ganfx import __version__, filters
from ganfx.filters import Filter, Option, all_filters
from ganfx.hub import WEIGHTS, ModelEntry, list_models, models_dir
from ganfx.server.places import SCHEMA, private_dir, write_private

_KINDS: dict[Any, str] = {bool: "bool", int: "int", float: "float"}


def describe() -> dict[str, Any]:
    """The schema; it holds until something in the folders under `watched` changes after `made` (seconds since 1970).

    A filter's mask is `required`, `found` (by the filter itself) or `none`; colours says whether grey pictures come
    back in colour. Its models are those that are installed, the default first. An option's kind is bool, int, float,
    choice or text; where it may be repeated its values are words of one text.
    """
    return {
        "version": __version__,
        "made": time.time(),
        "watched": [str(folder) for folder in (models_dir(), WEIGHTS, Path(filters.__path__[0]))],
        "filters": [_filter(filter_) for filter_ in all_filters().values()],
    }


def write_schema(folder: Path) -> Path:
    """Keep the schema in `folder`, made if need be, for whoever asks without a service. Raises ServerError."""
    path = private_dir(folder) / SCHEMA
    write_private(path, describe())
    return path


def _filter(filter_: Filter) -> dict[str, Any]:
    entries = [entry for entry in list_models(filter_.model_filter) if entry.spec]
    return {
        "name": filter_.name,
        "title": _title(filter_.name),
        "help": filter_.help,
        "mask": "required" if filter_.needs_mask else "found" if filter_.finder else "none",
        "colours": filter_.coloured,
        "models": [_model(entry) for entry in sorted(entries, key=lambda entry: not entry.default)],
        "options": [_option(option) for option in filter_.options if not option.selects_model],
    }


def _model(entry: ModelEntry) -> dict[str, Any]:
    return {"name": entry.name, "title": _title(entry.name), "scale": entry.scale}


def _option(option: Option) -> dict[str, Any]:
    low, high = option.bounds or (None, None)
    return {
        "name": option.name,
        "title": _title(option.name),
        "help": option.help,
        "kind": "choice" if option.choices else _KINDS.get(option.kind, "text"),
        "default": " ".join(map(str, option.default)) if option.repeatable else option.default,
        "choices": list(option.choices),
        "low": low,
        "high": high,
    }


def _title(name: str) -> str:
    """A name for people: `photo-x4` -> `Photo x4`."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
