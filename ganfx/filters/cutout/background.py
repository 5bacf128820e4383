"""What the option `background` says: a color, or the path of a picture."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganfx.filters.other_picture import OtherPicture, read_other_picture

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


def parse_background(value: Any) -> Color | OtherPicture:
    """'#aabbcc' or 'white' as a Color, the path of a picture as what was read there. Raises ValueError."""
    if isinstance(value, Color | OtherPicture):
        return value
    color = _color(value)
    if color:
        return color
    if not os.path.exists(Path(str(value)).expanduser()):  # False for names that no system takes, unlike Path.exists
        raise ValueError(f"{value!r} is not #RRGGBB, white, black or a picture that is there")
    return read_other_picture(value)


def is_picture(value: Any) -> bool:
    """Whether a value of the option is the path of a picture."""
    return bool(value) and not isinstance(value, Color) and _color(value) is None


def _color(value: Any) -> Color | None:
    word = str(value).strip().lower()
    code = _NAMES.get(word, word.removeprefix("#"))
    if not re.fullmatch("[0-9a-f]{6}", code):
        return None
    red, green, blue = bytes.fromhex(code)
    return Color((red, green, blue))
