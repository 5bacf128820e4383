"""The options of the engine."""

from __future__ import annotations

from dataclasses import dataclass

from ganfx.errors import OptionError
from ganfx.spec import PRECISIONS as PRECISIONS

SMALLEST_TILE = 16


@dataclass(frozen=True)
class EngineOptions:
    """How to run a network; the defaults choose automatically. Raises OptionError."""

    provider: str = "auto"
    """`auto` or the name of a row of `ganfx.engine.PROVIDERS`."""
    precision: str = "auto"
    """`auto` (the fastest that is accurate enough) or one of `PRECISIONS`."""
    device_id: int = 0
    """Number of the GPU, from 0."""
    tile: int = 0
    """Side in input pixels, overlap included, of the square tiles fed to the network; at least 16, 0 chooses."""
    overlap: int | None = None
    """Input pixels on each side of a tile that its neighbors see too; None takes the receptive field."""
    batch: int = 0
    """Tiles fed at once; 0 chooses."""
    threads: int = 0
    """Threads of a provider that computes on the processor; 0 chooses."""

    def __post_init__(self) -> None:
        if self.precision not in ("auto", *PRECISIONS):
            raise OptionError(f"precision: {self.precision!r} is not one of auto, {', '.join(PRECISIONS)}")
        if self.tile != 0 and self.tile < SMALLEST_TILE:
            raise OptionError(f"tile: {self.tile} is less than {SMALLEST_TILE} pixels", hint="0 chooses by itself")
        for name in ("device_id", "overlap", "batch", "threads"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise OptionError(f"{name}: {value} is negative")
