"""What was found out about a model on a device: tile sizes (this process), usable precisions (stored on disk)."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

from ganfx.atomic import write_atomic
from ganfx.paths import cache_dir

_lock = threading.Lock()
_tiles: dict[str, tuple[int, int]] = {}
_precisions: dict[str, str] = {}


def _file() -> Path:
    return cache_dir() / "precision.json"


def known_tile(key: str) -> tuple[int, int] | None:
    """The (side, batch) that fitted into memory after a larger one had not; None where memory never ran out."""
    return _tiles.get(key)


def remember_tile(key: str, side: int, batch: int) -> None:
    """Store the tile size, side in input pixels, for this process."""
    _tiles[key] = (side, batch)


def known_precision(key: str) -> str | None:
    """The precision to use for `key`, found by this process or an earlier one."""
    return _precisions.get(key) or _stored().get(key)


def remember_precision(key: str, precision: str) -> None:
    """Store the precision; a cache folder that cannot be written is ignored, and the next process checks again."""
    with _lock, contextlib.suppress(OSError):
        _precisions[key] = precision
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(_stored() | {key: precision}, indent=1, sort_keys=True))


def _stored() -> dict[str, str]:
    try:
        stored = json.loads(_file().read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in stored.items()} if isinstance(stored, dict) else {}
