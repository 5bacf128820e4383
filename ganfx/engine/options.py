"""What a caller may ask of the engine."""

from __future__ import annotations

from dataclasses import dataclass

from ganfx.errors import OptionError
from ganfx.spec import PRECISIONS as PRECISIONS


@dataclass(frozen=True)
class EngineOptions:
    """How to run a network; the defaults choose by themselves.

    provider is `auto` or a name of `ganfx.engine.providers.PROVIDERS`, precision `auto` or one of `PRECISIONS`.
    tile is the side of the square fed to the network in input pixels, overlap included, and batch the number of
    tiles fed at once; 0 chooses. overlap is in input pixels per side, None takes the network's receptive field.
    Raises OptionError.
    """

    provider: str = "auto"
    precision: str = "auto"
    device_id: int = 0
    tile: int = 0
    overlap: int | None = None
    batch: int = 0

    def __post_init__(self) -> None:
        if self.precision not in ("auto", *PRECISIONS):
            raise OptionError(f"precision: {self.precision!r} is not one of auto, {', '.join(PRECISIONS)}")
        if self.tile != 0 and self.tile < 16:
            raise OptionError(f"tile: {self.tile} is less than 16 pixels", hint="0 chooses by itself")
        for name in ("device_id", "overlap", "batch"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise OptionError(f"{name}: {value} is negative")
