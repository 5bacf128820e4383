"""A folder whose pictures are filtered as they come: `watch_folder` in one call, or `open_watcher`, to stop it later.

    for outcome in watch_folder("incoming", "better", "upscale:2"): ...

`monitor` notices files (by `fs_events` and by scans) and waits until they stop changing (`stability`), `classify`
decides what to make of each by its recipe (`folder_recipes`), `watcher` makes it, and `retry` decides about failures.
The names are listed in `__init__.pyi` and imported when first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
