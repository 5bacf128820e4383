"""Many files through one recipe: `run_folder` in one call, or `plan_batch` and then `Batch.run`.

    for outcome in run_folder("holiday", "upscale:2", BatchOptions(output=Path("large"))): ...

`inputs` finds the pictures, `items` names their results, `process` makes one of them, `item_runner` does so with the
`journal` of the folder, and `run` makes all of them within `stage_limits`. Names are resolved when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganfx.batch.folder import Batch, BatchOptions, plan_batch, run_folder

__all__ = ["Batch", "BatchOptions", "plan_batch", "run_folder"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("ganfx.batch.folder"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
