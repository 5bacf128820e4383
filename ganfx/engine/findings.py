"""What is found out about a network without a contract, how sure that is, and what the user says instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Certainty = Literal["said", "certain", "likely", "assumed"]

# What may be said of the values that a network takes: the least and the greatest, mean and deviation of each channel.
UNIT, BYTES, SIGNED = (0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)
# Of lightness, and of a* and b*, as CIELAB has them; the latter divided by 110, too. Like ganfx's own 0..1, they stand
# for -128 to 127.
LIGHTNESS, AB, SIGNED_AB = (0.0, 100.0), (-128.0, 127.0), (-128 / 110, 127 / 110)
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class ModelFact:
    """One fact about a network."""

    what: str
    """What it is about: task, scale, range, ..."""
    value: str
    """What was found."""
    sure: Certainty
    """said: by the user or the file; certain: the graph or a measurement allows nothing else; likely: a measurement
    speaks for it; assumed: nothing speaks against it."""
    why: str = ""
    """What speaks for it, for people."""


@dataclass(frozen=True)
class Said:
    """What the user says of a network; None: to be found out."""

    task: str | None = None
    range: tuple[float, float] | None = None
    made: tuple[float, float] | None = None
    order: Literal["RGB", "BGR"] | None = None
    layout: Literal["NCHW", "NHWC"] | None = None
    scale: int | None = None
    normalise: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    tile: Literal["fixed", "whole", "free"] | None = None
    multiple: int | None = None
    least: int | None = None

    @classmethod
    def of(cls, stored: Mapping[str, object]) -> Said:
        """The same from JSON, where tuples are lists."""
        return cls(**{name: _tuples(value) for name, value in stored.items()})  # type: ignore[arg-type]


def _tuples(value: object) -> object:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def range_text(given: tuple[float, float]) -> str:
    """A range as people write it, such as 0..255."""
    return f"{given[0]:g}..{given[1]:g}"
