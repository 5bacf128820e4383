"""One setting of a filter, and how a value for it is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ganfx.errors import OptionError

# The value of an option with `auto` that is estimated from each picture.
AUTO = "auto"
# The same as 0 for such an option.
OFF = "off"
# The option that chooses among results that are equally good: the same number gives the same result.
SEED = "seed"
# The most results for one picture, with seeds that count up.
CANDIDATES = 16
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Option:
    """One setting of a filter; every front end offers it from this declaration.

    name            an identifier; `--keep-color` on the command line for `keep_color`
    kind            int, float, bool, str, or a function from text to a value that raises ValueError
    default         the value where none is given; None: nothing is set (only then is None allowed)
    help            one sentence for the user
    choices         the values allowed; empty: any
    bounds          least and greatest value allowed, both included; None: any. In the option's own unit
    letter          the short form on the command line: "s" for `-s`; None: there is none
    selects_model   the option chooses among models, by the field of that name in their contracts, and is not handed
                    to the filter's functions
    sizes           the option says how large the result is; one of `ganfx.filters.sizes`, and neither handed on
    repeatable      the option may be given several times; its value is a tuple, in the order given
    metavar         what stands for a value in help: "X,Y,#RRGGBB"; None: what follows from `kind`
    control         the value is fed to the network as its control of that name, too. A model without that control
                    takes the default alone
    opens           whether a value, as it was given, is the path of a file that is opened; None: none is. The service
                    takes no such values
    auto            the value may be AUTO: it is then estimated from each picture, see `Filter.estimators`; or OFF
    """

    name: str
    kind: type | Callable[[Any], Any]
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    letter: str | None = None
    selects_model: bool = False
    sizes: bool = False
    repeatable: bool = False
    metavar: str | None = None
    control: bool = False
    auto: bool = False
    opens: Callable[[Any], bool] | None = None

    def check(self, value: Any) -> Any:
        """`value` converted to the option's kind; a bool may be given as a word such as "yes".

        An empty text is no value where None is allowed. Raises OptionError where it cannot be converted or is not
        allowed.
        """
        if value in (None, "") and self.default is None:
            return None
        if self.repeatable:
            return tuple(self._checked(one) for one in (value if isinstance(value, list | tuple) else [value]))
        return self._checked(value)

    def _checked(self, value: Any) -> Any:
        if self.auto and value == AUTO:
            return AUTO
        value = self._converted(0 if self.auto and value == OFF else value)
        if self.choices and value not in self.choices:
            raise OptionError(f"{self.name}: {value!r} is not one of {', '.join(self.choices)}")
        if self.bounds and not self.bounds[0] <= value <= self.bounds[1]:
            raise OptionError(f"{self.name}: {value} is not between {self.bounds[0]:g} and {self.bounds[1]:g}")
        return value

    def _converted(self, value: Any) -> Any:
        if self.kind is bool:
            word = str(value).strip().lower()
            if word not in _BOOLEANS:
                raise OptionError(f"{self.name}: {value!r} is neither true nor false")
            return _BOOLEANS[word]
        try:
            return self.kind(value)
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            is_type, or_auto = isinstance(self.kind, type), f", nor {AUTO!r}" if self.auto else ""
            problem = f"{value!r} is not of type {self.kind.__name__}{or_auto}" if is_type else str(error)
            raise OptionError(f"{self.name}: {problem}") from error
