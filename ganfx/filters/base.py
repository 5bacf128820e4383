"""What a filter is: one declaration from which every front end builds itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganfx.errors import OptionError

if TYPE_CHECKING:
    from ganfx.imaging.picture import Box, Floats, Mask, Picture
    from ganfx.spec import ModelSpec

Values = Mapping[str, Any]
# The network: (H, W, in_channels) in [0, 1] -> (H * scale, W * scale, out_channels), not clipped.
Infer = Callable[["Floats"], "Floats"]
# (width, height) in pixels
Size = tuple[int, int]


@dataclass(frozen=True)
class Option:
    """One setting of a filter: `kind` is int, float, bool or str, or reads a value from text, raising ValueError.

    `choices` or `bounds` say what is allowed. A `repeatable` option's value is a tuple. `metavar` stands for a value
    in help.

    `selects_model` marks an option that chooses among models (by the contract's field of that name) instead of
    being handed to the filter's functions.
    """

    name: str
    kind: type | Callable[[Any], Any]
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    letter: str | None = None
    selects_model: bool = False
    repeatable: bool = False
    metavar: str | None = None

    def check(self, value: Any) -> Any:
        """`value` as the option's kind. Raises OptionError where it is not allowed."""
        if value is None and self.default is None:
            return None
        if self.repeatable:
            return tuple(self._checked(one) for one in ([value] if isinstance(value, str) else value))
        return self._checked(value)

    def _checked(self, value: Any) -> Any:
        try:
            value = self.kind(value)
        except (TypeError, ValueError) as error:
            known = isinstance(self.kind, type)
            problem = f"{value!r} is not of type {self.kind.__name__}" if known else str(error)
            raise OptionError(f"{self.name}: {problem}") from error
        if self.choices and value not in self.choices:
            raise OptionError(f"{self.name}: {value!r} is not one of {', '.join(self.choices)}")
        if self.bounds and not self.bounds[0] <= value <= self.bounds[1]:
            raise OptionError(f"{self.name}: {value} is not between {self.bounds[0]:g} and {self.bounds[1]:g}")
        return value


@dataclass(frozen=True)
class Strip:
    """Rows of the source picture: `above` and `below` of them are margin, the rest belong to the output."""

    picture: Picture
    above: int = 0
    below: int = 0


@dataclass(frozen=True)
class Flow:
    """Work on the picture as a whole: prepare -> network -> finish.

    prepare turns a picture into the network's input (H, W, in_channels) in [0, 1]. finish turns the network's
    output (H * scale, W * scale, out_channels) into rows of the result; the picture it is handed holds `margin`
    more rows (fewer at the picture's edges, see `Strip`) above and below than the output does.
    local work looks no further than the network's receptive field and `margin`, so that the pipeline may do it
    strip by strip; other work always gets the whole picture. Where it says a `reduction` for the picture's size,
    prepare is handed the picture that many times smaller, and finish the output enlarged as many times.
    """

    prepare: Callable[[Picture, Values, ModelSpec], Floats]
    finish: Callable[[Floats, Strip, Values, ModelSpec], Picture]
    local: bool = False
    margin: int = 0
    reduction: Callable[[Size, Values], int] | None = None


@dataclass(frozen=True)
class Overview:
    """Work that looks at the whole picture at a bounded size, and then changes it row by row by what it saw.

    study is handed the picture shrunk to at most `side` pixels a side, and the picture's own size; what it returns
    turns rows of the picture, told the number of the first of them, into those of the result.
    """

    side: int
    study: Callable[[Picture, Size, Values, ModelSpec, Infer], Callable[[Picture, int], Picture]]


@dataclass(frozen=True)
class Region:
    """One piece of retouching: `box` is what must be seen for it, `own` what is filled.

    own is a mask of the box's size: that part of the whole mask which no other region fills.
    """

    box: Box
    own: Mask


@dataclass(frozen=True)
class Retouch:
    """Work on the masked places of a picture alone.

    mask turns the mask as it was given (H, W) into the one to go by: thresholded, grown, feathered. Values between
    0 and 1 mix old and new.
    regions cuts that mask, which has holes and something around them, into regions in the order of their boxes'
    tops. Boxes lie in the picture and may overlap; every masked pixel is the own of one region.
    fill is handed the picture in a region's box and all of the mask there, other regions' parts included, and gives
    that picture with the masked pixels filled, grey where the picture is. It need not mix: the pipeline takes what
    the region owns, by its weight, and nothing else; alpha is the pipeline's too.
    """

    mask: Callable[[Mask, Values], Mask]
    regions: Callable[[Mask, Values], list[Region]]
    fill: Callable[[Picture, Mask, Values, ModelSpec, Infer], Picture]


@dataclass(frozen=True)
class Finder:
    """Finds what a retouch works on: `models` are those whose contract names this filter, from RGB to one channel.

    mask turns their output (H, W), how likely each pixel is to be filled, into the mask that a user might have given.
    """

    models: str
    mask: Callable[[Floats, Values], Mask]


@dataclass(frozen=True)
class Filter:
    """One kind of work on pictures: a `flow` through the whole of them, an `overview` first, or a `retouch` of some
    places, which the user marks unless there is a `finder`.

    Results are in color if the picture was, and also if the filter is `colored`. models names the filter whose models
    are used, where it is not this one. suffix ends the default names of results; without one they say x4 after a
    network that enlarges 4 times, and the network's name after others.
    """

    name: str
    help: str
    flow: Flow | None = None
    overview: Overview | None = None
    retouch: Retouch | None = None
    finder: Finder | None = None
    options: tuple[Option, ...] = ()
    models: str = ""
    colored: bool = False
    suffix: str = ""
    example: str = ""

    def __post_init__(self) -> None:
        if [self.flow, self.overview, self.retouch].count(None) != 2:
            raise ValueError(f"{self.name}: a filter has either a flow, an overview or a retouch")

    @property
    def needs_mask(self) -> bool:
        """Whether the user must say where to work."""
        return self.retouch is not None and self.finder is None

    @property
    def model_task(self) -> str:
        """The filter that fitting models name in their contract."""
        return self.models or self.name

    def result_suffix(self, spec: ModelSpec) -> str:
        """What the default name of a result made by the network of `spec` ends with."""
        return self.suffix or (f"x{spec.scale}" if spec.scale > 1 else spec.name)

    def check(self, values: Values) -> dict[str, Any]:
        """All options with `values` put in. Raises OptionError on unknown names and bad values."""
        known = {option.name: option for option in self.options}
        for name in values:
            if name not in known:
                raise OptionError(f"{self.name} has no option {name!r}", hint=f"options: {', '.join(known)}")
        return {name: option.check(values.get(name, option.default)) for name, option in known.items()}
