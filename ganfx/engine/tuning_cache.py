"""What was found out about a model on a device: tile sizes (this process), precisions and proofs (stored on disk)."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Generic, TypeVar

from ganfx.atomic import write_atomic
from ganfx.paths import cache_dir

T = TypeVar("T", str, float)

_lock = threading.Lock()
_tiles: dict[str, tuple[int, int]] = {}


def known_tile(key: str) -> tuple[int, int] | None:
    """The (side, batch) that fitted into memory after a larger one had not; None where memory never ran out."""
    return _tiles.get(key)


def remember_tile(key: str, side: int, batch: int) -> None:
    """Store the tile size, side in input pixels, for this process."""
    _tiles[key] = (side, batch)


class Findings(Generic[T]):
    """Values by key, in a JSON file of the cache folder.

    A folder that cannot be written is ignored, and a file that is damaged: the next process finds out again.
    """

    def __init__(self, name: str, kind: type[T]) -> None:
        self.name = name
        self._kind: type[T] = kind
        self._found: dict[str, T] = {}

    def get(self, key: str) -> T | None:
        """What was found by this process or an earlier one."""
        found = self._found.get(key)
        return self.stored().get(key) if found is None else found

    def remember(self, key: str, value: T) -> None:
        """Store what was found."""
        with _lock, contextlib.suppress(OSError):
            self._found[key] = value
            path = cache_dir() / self.name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, json.dumps(self.stored() | {key: value}, indent=1, sort_keys=True))

    def stored(self) -> dict[str, T]:
        """What the file holds."""
        try:
            stored = json.loads((cache_dir() / self.name).read_text())
        except (OSError, ValueError):
            return {}
        items = stored.items() if isinstance(stored, dict) else ()
        return {str(key): self._kind(value) for key, value in items if isinstance(value, (self._kind, int))}

    def forget(self) -> None:
        """Forget what this process found; the file stays."""
        self._found.clear()


# The precision to use, by network, device and the precision that was wanted.
PRECISIONS = Findings("precision.json", str)
# Decibels by which a device agrees with the processor, by network, device, version, precision and layout.
PROOFS = Findings("proofs.json", float)
