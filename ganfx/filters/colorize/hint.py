"""A color that the user knows, as it is written in the option `hint`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hint:
    """The color at one pixel.

    x, y    the pixel's column and row, counted from 0 at the top left
    rgb     the color, sRGB, each 0..255
    """

    x: int
    y: int
    rgb: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.x},{self.y},#{bytes(self.rgb).hex()}"


def parse_hint(value: Any) -> Hint:
    """'120,80,#aabbcc' as a Hint. Raises ValueError."""
    if isinstance(value, Hint):
        return value
    match = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*#?([0-9a-fA-F]{6})\s*", str(value))
    if not match:
        raise ValueError(f"{value!r} is not X,Y,#RRGGBB")
    x, y, code = match.groups()
    red, green, blue = bytes.fromhex(code)
    return Hint(int(x), int(y), (red, green, blue))
