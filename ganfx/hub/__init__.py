"""Where models come from: bundled with ganfx, trained or imported by the user, or downloaded by name."""

from __future__ import annotations

from ganfx.hub.importer import import_model, pull_model
from ganfx.hub.registry import ModelEntry, bundled_names, find_model, list_models, models_dir, register

__all__ = [
    "ModelEntry",
    "bundled_names",
    "find_model",
    "import_model",
    "list_models",
    "models_dir",
    "pull_model",
    "register",
]
