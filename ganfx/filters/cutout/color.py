"""A color as it is written in the option `background`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_NAMES = {"white": "ffffff", "black": "000000"}


@dataclass(frozen=True)
class Color:
    """A color in sRGB.

    rgb   its channels, each 0..255
    """

    rgb: tuple[int, int, int]

    @property
    def is_grey(self) -> bool:
        return len(set(self.rgb)) == 1

    def __str__(self) -> str:
        return f"#{bytes(self.rgb).hex()}"


def parse_color(value: Any) -> Color:
    """'#aabbcc' or 'white' as a Color. Raises ValueError."""
    if isinstance(value, Color):
        return value
    word = str(value).strip().lower()
    code = _NAMES.get(word, word.removeprefix("#"))
    if not re.fullmatch("[0-9a-f]{6}", code):
        raise ValueError(f"{value!r} is not #RRGGBB, white or black")
    red, green, blue = bytes.fromhex(code)
    return Color((red, green, blue))
