"""What was found out about a model on a device: tile sizes that fitted (this process), precisions,
proofs, and the fastest way to run it (stored on disk)."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import dataclass
from typing import Generic, TypeVar

from ganfx.atomic import write_atomic
from ganfx.engine.options import SMALLEST_TILE
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


@dataclass(frozen=True)
class Tuned:
    """A tile's side in input pixels, how many tiles are fed at once, and threads; 0 leaves each open."""

    side: int = 0
    batch: int = 0
    threads: int = 0

    def written(self) -> str:
        """As `Tuned.read` reads it."""
        return f"{self.side} {self.batch} {self.threads}"

    @classmethod
    def read(cls, text: str | None) -> Tuned:
        """What was written; where it was not, or is damaged, all is left open."""
        found = re.fullmatch(r"(\d{1,5}) (\d{1,4})(?: (\d{1,4}))?", text or "")
        side, batch, threads = (int(number or 0) for number in found.groups()) if found else (0, 0, 0)
        return cls(side if side >= SMALLEST_TILE else 0, batch, threads)


# The precision to use, by network, device and the precision that was wanted.
PRECISIONS = Findings("precision.json", str)
# Decibels by which a device agrees with the processor, by network, device, version, precision and layout. The number
# rises when the proof becomes stricter.
PROOFS = Findings("proofs-2.json", float)
# The faster of the precisions that are right, by network, device and versions.
FASTER_PRECISIONS = Findings("faster-precision.json", str)
# The fastest settings, as `Tuned` writes them, by `Network.way`; and the fastest provider, by the digest of the model.
SETTINGS_FOUND = Findings("tiles.json", str)
PROVIDERS_FOUND = Findings("fastest.json", str)
