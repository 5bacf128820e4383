"""GAN filters for pictures: `open_picture`, `read_mask`, `apply`, `save_picture`, `list_models`, and `errors`.

    import ganfx
    picture = ganfx.open_picture("in.jpg")
    ganfx.save_picture(ganfx.apply(picture, "upscale"), "out.jpg")

Names are resolved when first used, so that `import ganfx` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "open_picture": "ganfx.files",
    "save_picture": "ganfx.files",
    "read_mask": "ganfx.files",
    "apply": "ganfx.pipeline",
    "list_models": "ganfx.hub",
}
__all__ = sorted([*_HOMES, "errors"])


def __getattr__(name: str) -> Any:
    if name == "errors":
        return importlib.import_module("ganfx.errors")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
