"""Many files through one recipe: `run_folder` in one call, or `plan_batch` and then `Batch.run`.

    for outcome in run_folder("holiday", "upscale:2", BatchOptions(output=Path("large"))): ...

`inputs` finds the pictures, `items` names their results, `process` makes one of them, `item_runner` does so with the
`journal` of the folder, and `run` makes all of them within `stage_limits`. The names are listed in `__init__.pyi` and
imported when first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
