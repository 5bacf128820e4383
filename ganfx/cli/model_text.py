"""What the `ganfx models` commands say of a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ganfx.cli.terminal import tell

if TYPE_CHECKING:
    from ganfx.engine.findings import ModelFact
    from ganfx.errors import GanfxError
    from ganfx.hub import ModelEntry


def model_line(entry: ModelEntry) -> str:
    """The entry in one line of a list."""
    mark = "*" if entry.default else " "
    scale = f"x{entry.scale}" if entry.scale else ""
    size = f"{entry.size_bytes / 1e6:.1f} MB" if entry.size_bytes else ""
    state = f"{_state(entry):8} {license_of(entry)}"
    state = f"unusable: {entry.problem}" if entry.problem else state
    return f"{mark} {entry.name:28} {entry.task:9} {scale:3} {size:>9}  {state}"


def model_lines(entry: ModelEntry) -> Iterator[str]:
    """All that people want to know of the entry, a line each."""
    size = f"{entry.size_bytes / 1e6:.1f} MB" if entry.size_bytes else ""
    rows = {
        "name": entry.name,
        "for": entry.description,
        "filter": f"{entry.task} x{entry.scale}" if entry.scale else entry.task,
        "license": license_of(entry),
        "author": entry.author,
        "kind": entry.architecture,
        "also called": ", ".join(entry.aliases),
        "sets": ", ".join(entry.sets),
        "size": size,
        "state": f"to pull: ganfx models pull {entry.name}" if _state(entry) == "to pull" else _state(entry),
        "because": "" if entry.installed else entry.refused,
        "unusable": entry.problem,
        "file": entry.path,
        "from": ", ".join(entry.urls),
        "sha256": entry.sha256,
    }
    return (f"{key:12} {value}" for key, value in rows.items() if value)


def _state(entry: ModelEntry) -> str:
    return entry.origin if entry.installed else "refused" if entry.refused else "to pull"


def license_of(entry: ModelEntry) -> str:
    """The license, and whether it forbids commercial use."""
    return f"{entry.license} (non-commercial)" if entry.non_commercial else entry.license


def model_json(entry: ModelEntry) -> dict[str, Any]:
    """All that is known of the entry, as plain data for JSON."""
    return dataclasses.asdict(entry) | {"installed": entry.installed, "non_commercial": entry.non_commercial}


def error_json(error: GanfxError) -> dict[str, Any]:
    """The error as plain data for JSON."""
    return {"code": error.code, "message": str(error), "hint": error.hint}


def command_for(name: str) -> str:
    """A command that uses the installed model `name`, or that name where no filter does."""
    from ganfx.filters import all_filters
    from ganfx.hub import installed_models

    task = next(entry.task for entry in installed_models() if entry.name == name)
    for filter_ in all_filters().values():
        if filter_.finder and filter_.finder.models == task:
            return f"ganfx {filter_.name} --finder {name} photo.jpg"
        if filter_.name == task:
            return f"ganfx {task} -n {name} photo.jpg{' --mask mask.png' if filter_.needs_mask else ''}"
    return name


def tell_fact(found: ModelFact) -> None:
    """Print what was found out about a model, and how sure that is."""
    why = f": {found.why}" if found.why else ""
    tell(f"{found.what:8} {found.value}  ({found.sure}{why})")
