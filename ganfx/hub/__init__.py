"""Where models come from: bundled with ganfx, trained or imported by the user, or downloaded by name."""

from __future__ import annotations

from ganfx.hub.entry import ModelEntry
from ganfx.hub.importer import import_model
from ganfx.hub.pulling import pull_model
from ganfx.hub.registry import (
    WEIGHTS,
    bundled_names,
    describe,
    find_entry,
    find_model,
    installed_models,
    is_path,
    list_models,
    model_scales,
    register,
    suggested_model,
)

__all__ = [
    "WEIGHTS",
    "ModelEntry",
    "bundled_names",
    "describe",
    "find_entry",
    "find_model",
    "import_model",
    "installed_models",
    "is_path",
    "list_models",
    "model_scales",
    "pull_model",
    "register",
    "suggested_model",
]
