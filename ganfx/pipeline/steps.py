"""Chains as text, such as `heal,colorize:strength=0.8,upscale:4`, parsed and checked before any picture is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganfx.engine import EngineOptions
from ganfx.errors import OptionError, nearest
from ganfx.filters import Filter, Option, find_filter
from ganfx.pipeline.chain import Chain
from ganfx.pipeline.loading import load_filter

# The keys of a step besides its filter's options.
_MODELS = ("model", "finder")


@dataclass(frozen=True)
class Step:
    """One filter of a chain.

    filter    the filter's name
    options   the values given for its options; the others have their defaults
    model     the name or path of its model; None: the default one that fits the options
    finder    the same, for a filter that makes its own mask
    """

    filter: str
    options: Mapping[str, Any]
    model: str | None = None
    finder: str | None = None


def parse_steps(text: str) -> tuple[Step, ...]:
    """The steps in `text`, separated by commas: a filter's name, then `:value` for its model, or `:option=value`.

    Raises OptionError where a filter or an option is unknown, with the nearest known ones, and for values not allowed.
    """
    # A comma in front of a digit belongs to a value, such as the coordinates of a hint.
    texts = [part.strip() for part in re.split(r",(?=\s*(?:[A-Za-z]|,|$))", text)]
    if not all(texts):
        raise OptionError(f"a step is missing in {text!r}", hint="write them as in heal,colorize,upscale:4")
    return tuple(_parsed(part) for part in texts)


def as_step(settings: Mapping[str, Any]) -> Step:
    """The step in a TOML table with the keys `filter`, `model`, `finder` and options. Raises as `parse_steps` does."""
    if not isinstance(settings.get("filter"), str):
        raise OptionError("a step says no filter", hint='write it as in { filter = "upscale", scale = 4 }')
    filter_ = find_filter(settings["filter"])
    return _checked(filter_, {key: value for key, value in settings.items() if key != "filter"})


def load_chain(steps: Sequence[Step], engine: EngineOptions) -> Chain:
    """The chain of `steps` with its networks opened. Raises OptionError, ModelError or EngineError."""
    return Chain(
        tuple(
            load_filter(step.filter, step.options, model=step.model, finder=step.finder, engine=engine)
            for step in steps
        )
    )


def _parsed(text: str) -> Step:
    name, _, rest = text.partition(":")
    filter_ = find_filter(name.strip())
    settings: dict[str, Any] = {}
    # A colon separates only in front of a word and `=`, `:` or the end: paths may contain others.
    for word in re.split(r":(?=\s*(?:[\w-]+|\d+\.\d+)\s*(?:=|:|$))", rest) if rest else ():
        key, value = _key_and_value(filter_, word)
        if key in settings and not isinstance(value, tuple):
            raise OptionError(f"{text!r} says {key} twice", hint="leave one of them out")
        settings[key] = (*settings.get(key, ()), *value) if isinstance(value, tuple) else value
    return _checked(filter_, settings)


def _key_and_value(filter_: Filter, word: str) -> tuple[str, Any]:
    """One word of a step as a key and a value; values of repeatable options are tuples."""
    key, given, value = (part.strip() for part in word.partition("="))
    options, name = _options(filter_), key.replace("-", "_")
    if given:
        return name, (value,) if name in options and options[name].repeatable else value
    if name in options and options[name].kind is bool:
        return name, True
    selecting = [option.name for option in filter_.options if _is_alone(option) and _fits(option, key)]
    return (selecting[0] if selecting else "model"), key


def _is_alone(option: Option) -> bool:
    """Whether a step may have the option's value without its name: `upscale:4`, `upscale:3840x2160`."""
    return option.selects_model or (option.sizes and (option.letter is not None or option.kind not in (int, float)))


def _fits(option: Option, value: str) -> bool:
    try:
        option.check(value)
    except OptionError:
        return False
    return True


def _options(filter_: Filter) -> dict[str, Option]:
    return {option.name: option for option in filter_.options}


def _checked(filter_: Filter, settings: Mapping[str, Any]) -> Step:
    options = _options(filter_)
    for key, value in settings.items():
        if key not in options and key not in _MODELS:
            raise OptionError(f"{filter_.name} has no option {key!r}", hint=nearest(key, [*options, *_MODELS]))
        if key in _MODELS and not isinstance(value, str):
            raise OptionError(f"{key}: {value!r} is not a name", hint="name a model of ganfx models, or an ONNX file")
    given = {key: value for key, value in settings.items() if key in options}
    checked = filter_.check(given)
    return Step(filter_.name, {key: checked[key] for key in given}, settings.get("model"), settings.get("finder"))
