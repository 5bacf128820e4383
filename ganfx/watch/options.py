"""How a folder is watched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WatchOptions:
    """When files are taken, and what becomes of those that fail.

    A file is taken once it stood still for `settle_s` seconds, and given up where it does not decode `give_up_s` after
    its last change. Besides the system's events there is a look every `rescan_s` seconds, or, instead of them, every
    `poll_s`. Pictures that fail are moved aside unless `keep_failed`. With `once`, the last one ends it.
    """

    settle_s: float = 2.0
    give_up_s: float = 60.0
    rescan_s: float = 60.0
    poll_s: float | None = None
    keep_failed: bool = False
    once: bool = False
