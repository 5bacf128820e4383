"""How large a result is wanted: the options that say so, and the size that follows from them for each picture."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ganfx.errors import OptionError
from ganfx.filters.option import Option

# (width, height) in pixels
Size = tuple[int, int]
# A picture is enlarged so many times at most, on each side: by two networks of 4 times.
MOST_TIMES = 16
_MM_PER_INCH = 25.4
_MM = {"mm": 1.0, "cm": 10.0, "in": _MM_PER_INCH}
_DPI = 300
_NUMBER = r"\d+(?:\.\d+)?"
_PRINT = re.compile(rf"({_NUMBER})x({_NUMBER})(mm|cm|in)(?:@(\d+)dpi)?")


@dataclass(frozen=True)
class Frame:
    """A rectangle of pixels that a result has to fit into."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str | Frame) -> Frame:
        """The frame in a text such as 3840x2160. Raises ValueError."""
        found = re.fullmatch(r"(\d{1,7})x(\d{1,7})", str(text).strip().lower())
        if found is None or not all(map(int, found.groups())):
            raise ValueError(f"{text!r} is no size in pixels, as in 3840x2160")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class PrintSize:
    """A sheet of paper that a result is to be printed on; it may be turned.

    width, height   in `unit`, which is one of mm, cm and in
    dpi             dots per inch
    """

    width: float
    height: float
    unit: str
    dpi: int

    @classmethod
    def parse(cls, text: str | PrintSize) -> PrintSize:
        """The sheet in a text such as 30x45cm@300dpi. Raises ValueError."""
        found = _PRINT.fullmatch(str(text).lower().replace(" ", ""))
        if found is None:
            raise ValueError(f"{text!r} is no size of a print, as in 30x45cm@300dpi")
        sheet = cls(float(found[1]), float(found[2]), found[3], int(found[4] or _DPI))
        frame = sheet.frame(landscape=True)
        if not (min(frame.width, frame.height) > 0 and max(frame.width, frame.height) < 10**7):
            raise ValueError(f"{text!r} is a print of {frame} pixels")
        return sheet

    def frame(self, *, landscape: bool) -> Frame:
        """The sheet in pixels, lying or standing."""
        short, long = sorted(_rounded(side * _MM[self.unit] / _MM_PER_INCH * self.dpi) for side in self.sides)
        return Frame(long, short) if landscape else Frame(short, long)

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height in `unit`."""
        return self.width, self.height

    def printed(self, size: Size) -> str:
        """How large a picture of `size` is printed, for people."""
        sides = (pixels / self.dpi * _MM_PER_INCH / _MM[self.unit] for pixels in size)
        return f"{' x '.join(f'{side:.1f}' for side in sides)} {self.unit} at {self.dpi} dpi"

    @property
    def name(self) -> str:
        """The sheet without the resolution."""
        return f"{self.width:g}x{self.height:g}{self.unit}"

    def __str__(self) -> str:
        return f"{self.name}@{self.dpi}dpi"


SIZES = (
    Option(
        "scale",
        float,
        None,
        f"Times larger, 1 to {MOST_TIMES}: 2, 3, 1.5.",
        bounds=(1, MOST_TIMES),
        letter="s",
        sizes=True,
    ),
    Option("width", int, None, "Pixels wide; the height follows.", bounds=(1, 10**7), sizes=True),
    Option("height", int, None, "Pixels high; the width follows.", bounds=(1, 10**7), sizes=True),
    Option("long_side", int, None, "Pixels of the longer side.", bounds=(1, 10**7), sizes=True),
    Option("megapixels", float, None, "Million pixels in all.", bounds=(0.001, 10**6), sizes=True),
    Option(
        "fit", Frame.parse, None, "As large as fits into so many pixels, all of it.", metavar="WIDTHxHEIGHT", sizes=True
    ),
    Option(
        "print",
        PrintSize.parse,
        None,
        "As large as fits on paper, which may be turned; sets the resolution: 30x45cm@300dpi.",
        metavar="SIZE@DPI",
        sizes=True,
    ),
)


@dataclass(frozen=True)
class TargetSize:
    """How large results are, as the option `name` of `SIZES` says by its `value`. Aspect ratios are kept."""

    name: str
    value: Any

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> TargetSize | None:
        """The size that `values` of `SIZES` ask for; None where they ask for none. Raises OptionError for several."""
        given = [(name, value) for name, value in values.items() if value is not None]
        if len(given) > 1:
            names = " and ".join(name.replace("_", "-") for name, _ in given[:2])
            is_frame = {"width", "height"} <= {name for name, _ in given}
            hint = "fit, as in 3840x2160, keeps within both" if is_frame else "leave one of them out"
            raise OptionError(f"{names} both say how large the result is", hint=hint)
        return cls(*given[0]) if given else None

    def size(self, size: Size) -> Size:
        """The size of the result for a picture of `size`."""
        factor = _FACTORS[self.name](self.value, *size)
        width, height = (max(1, _rounded(side * factor)) for side in size)
        return width, height

    def for_parts(self, size: Size) -> TargetSize:
        """What parts of a picture of `size` are to become, so that they fit together."""
        return TargetSize("scale", _FACTORS[self.name](self.value, *size))

    @property
    def times(self) -> float | None:
        """How many times larger every result is; None where that differs from picture to picture."""
        return float(self.value) if self.name == "scale" else None

    @property
    def dpi(self) -> float | None:
        """The resolution that results get; None: that of their picture."""
        return float(self.value.dpi) if isinstance(self.value, PrintSize) else None

    @property
    def suffix(self) -> str:
        """What the default name of a result ends with."""
        return _SUFFIXES[self.name].format(self.value.name if isinstance(self.value, PrintSize) else self.value)

    def notes(self, size: Size) -> tuple[str, ...]:
        """What to tell the user of a result of `size`."""
        return (f"prints {self.value.printed(size)}",) if isinstance(self.value, PrintSize) else ()

    def __str__(self) -> str:
        return f"{self.name}={self.value:g}" if isinstance(self.value, float) else f"{self.name}={self.value}"


def _inside(frame: Frame, width: int, height: int) -> float:
    return min(frame.width / width, frame.height / height)


# How many times larger the result is, from the option's value and the picture's width and height.
_FACTORS: dict[str, Callable[[Any, int, int], float]] = {
    "scale": lambda times, width, height: float(times),
    "width": lambda wanted, width, height: wanted / width,
    "height": lambda wanted, width, height: wanted / height,
    "long_side": lambda wanted, width, height: wanted / max(width, height),
    "megapixels": lambda wanted, width, height: math.sqrt(wanted * 1e6 / (width * height)),
    "fit": _inside,
    "print": lambda sheet, width, height: _inside(sheet.frame(landscape=width > height), width, height),
}
_SUFFIXES = {
    "scale": "x{:g}",
    "width": "{}w",
    "height": "{}h",
    "long_side": "{}px",
    "megapixels": "{:g}mp",
    "fit": "{}",
    "print": "{}",
}


def _rounded(value: float) -> int:
    return math.floor(value + 0.5)
