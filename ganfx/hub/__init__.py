"""Where models come from: bundled with ganfx, trained or imported by the user, or downloaded by name."""

from __future__ import annotations

from ganfx.hub.importer import import_model, pull_model
from ganfx.hub.registry import (
    WEIGHTS,
    ModelEntry,
    bundled_names,
    find_model,
    is_path,
    list_models,
    register,
)

__all__ = [
    "WEIGHTS",
    "ModelEntry",
    "bundled_names",
    "find_model",
    "import_model",
    "is_path",
    "list_models",
    "pull_model",
    "register",
]
