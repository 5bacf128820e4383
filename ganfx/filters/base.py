"""What a filter is: one declaration from which every front end builds itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganfx.errors import OptionError

if TYPE_CHECKING:
    from ganfx.picture import Floats, Picture
    from ganfx.spec import FilterSpec

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Option:
    """One setting of a filter: `kind` is int, float, bool or str; `choices` or `bounds` say what is allowed.

    `selects_model` marks an option that chooses among models (by the contract's field of that name) instead of
    being handed to prepare and finish.
    """

    name: str
    kind: type
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    letter: str | None = None
    selects_model: bool = False

    def check(self, value: Any) -> Any:
        """`value` as the option's kind. Raises OptionError where it is not allowed."""
        if value is None and self.default is None:
            return None
        try:
            value = self.kind(value)
        except (TypeError, ValueError) as error:
            raise OptionError(f"{self.name}: {value!r} is not of type {self.kind.__name__}") from error
        if self.choices and value not in self.choices:
            raise OptionError(f"{self.name}: {value!r} is not one of {', '.join(self.choices)}")
        if self.bounds and not self.bounds[0] <= value <= self.bounds[1]:
            raise OptionError(f"{self.name}: {value} is not between {self.bounds[0]:g} and {self.bounds[1]:g}")
        return value


@dataclass(frozen=True)
class Filter:
    """One kind of work on pictures.

    prepare turns a picture into the network's input (H, W, in_channels) in [0, 1]. finish turns the network's
    output (H * scale, W * scale, out_channels) into rows of the result; the picture it is handed holds `margin`
    more rows (fewer at the picture's edges, see `Strip`) above and below than the output does.
    local filters look no further than the network's receptive field and `margin`, so that the pipeline may feed
    them strip by strip; others always get the whole picture.
    """

    name: str
    help: str
    prepare: Callable[[Picture, Values, FilterSpec], Floats]
    finish: Callable[[Floats, Strip, Values, FilterSpec], Picture]
    options: tuple[Option, ...] = ()
    local: bool = False
    margin: int = 0
    example: str = ""

    def check(self, values: Values) -> dict[str, Any]:
        """All options with `values` put in. Raises OptionError on unknown names and bad values."""
        known = {option.name: option for option in self.options}
        for name in values:
            if name not in known:
                raise OptionError(f"{self.name} has no option {name!r}", hint=f"options: {', '.join(known)}")
        return {name: option.check(values.get(name, option.default)) for name, option in known.items()}


@dataclass(frozen=True)
class Strip:
    """Rows of the source picture: `above` and `below` of them are margin, the rest belong to the output."""

    picture: Picture
    above: int = 0
    below: int = 0
