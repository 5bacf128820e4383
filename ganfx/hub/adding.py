"""Adding models to the user's own catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ganfx.atomic import write_atomic
from ganfx.errors import ModelError, OptionError
from ganfx.hub.catalogue import MAX_TEXT_BYTES, CatalogueBlock, read_block, read_catalogue
from ganfx.hub.entry import ModelEntry
from ganfx.hub.known_models import as_entry, check_user_block, user_blocks, user_catalogue
from ganfx.open_folder import read_small
from ganfx.spec.reading import FieldError

# Keys of a block in their order in the file.
_KEYS = ("name", "task", "scale", "architecture", "author", "license", "description")


def add_model(block: Mapping[str, Any]) -> ModelEntry:
    """Write `block`, with the keys of a catalogue or of OpenModelDB, at the end of the user's catalogue.

    Raises OptionError where it is no sound block, or its name is there or ships, and ModelError where the catalogue is
    damaged or cannot be written.
    """
    try:
        found = read_block(dict(block))
    except FieldError as error:
        raise OptionError(f"{error.field} {error.reason}") from error
    path = user_catalogue()
    check_user_block(found, str(path))
    if any(known.name == found.name for known in user_blocks()):
        raise OptionError(f"{found.name} is in {path} already", hint="choose another --name, or edit that file")
    try:
        before = read_small(path, MAX_TEXT_BYTES).decode() if path.exists() else ""
        text = "\n".join(filter(None, (before.rstrip("\n"), *_lines(found)))) + "\n"
        read_catalogue(text, where=str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path.resolve(), text)  # what a link leads to, which the user laid
    except OSError as error:
        raise ModelError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    return as_entry(found)


def read_openmodeldb(path: Path, name: str | None = None) -> dict[str, Any]:
    """The block in OpenModelDB's JSON file at `path`, as `name` (default: the file's). Raises OptionError."""
    try:
        stored = json.loads(read_small(path, MAX_TEXT_BYTES))
    except OSError as error:
        raise OptionError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{path}: is no JSON", hint="name an address, or a model's file of OpenModelDB") from error
    if not isinstance(stored, dict):
        raise OptionError(f"{path}: is not the description of a model")
    return stored | {"name": name or path.stem}


def _lines(block: CatalogueBlock) -> Iterable[str]:
    yield "[[model]]"
    yield from _pairs({key: getattr(block, key) for key in _KEYS if getattr(block, key)})
    for resource in block.resources:
        yield "[[model.resources]]"
        yield from _pairs({key: value for key, value in vars(resource).items() if value is not None})


def _pairs(values: Mapping[str, Any]) -> Iterable[str]:
    # JSON's texts, numbers and lists of printable text are those of TOML.
    return (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
