"""A chain in words: `heal,colorize:strength=0.8,upscale:4`, read and checked before any picture is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganfx.engine import EngineOptions
from ganfx.errors import OptionError, nearest
from ganfx.filters import Filter, Option, find_filter
from ganfx.pipeline.bound_filter import load_filter
from ganfx.pipeline.chain import Chain

# What a step may say besides its filter's options.
_MODELS = ("model", "finder")


@dataclass(frozen=True)
class Step:
    """One filter of a chain.

    filter    the filter's name
    options   the values given for its options, checked; the others have their defaults
    model     the name or path of its model; None: the default one that fits the options
    finder    the same, for a filter that makes its own mask
    """

    filter: str
    options: Mapping[str, Any]
    model: str | None = None
    finder: str | None = None


def parse_steps(text: str) -> tuple[Step, ...]:
    """The steps in `text`: a filter's name, `:value` for what chooses its model, `:option=value`s; commas between.

    Raises OptionError, naming the nearest, where a filter or an option is not known, and for values not allowed.
    """
    # Commas in front of a digit belong to a value, such as a place in the picture.
    texts = [part.strip() for part in re.split(r",(?=\s*(?:[A-Za-z]|,|$))", text)]
    if not all(texts):
        raise OptionError(f"a step is missing in {text!r}", hint="write them as in heal,colorize,upscale:4")
    return tuple(_parsed(part) for part in texts)


def as_step(settings: Mapping[str, Any]) -> Step:
    """The step that a table says: `filter`, its options by their names, `model`, `finder`. Raises as `parse_steps`."""
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
    # Of the colons only those in front of a word and `=`, `:` or the end: paths may have others.
    for word in re.split(r":(?=\s*[\w-]+\s*(?:=|:|$))", rest) if rest else ():
        key, value = _said(filter_, word)
        if key in settings and not isinstance(value, tuple):
            raise OptionError(f"{text!r} says {key} twice", hint="leave one of them out")
        settings[key] = (*settings.get(key, ()), *value) if isinstance(value, tuple) else value
    return _checked(filter_, settings)


def _said(filter_: Filter, word: str) -> tuple[str, Any]:
    """The key and the value that one word of a step stands for; values of repeatable options are tuples."""
    key, given, value = (part.strip() for part in word.partition("="))
    options, name = _options(filter_), key.replace("-", "_")
    if given:
        return name, (value,) if name in options and options[name].repeatable else value
    if name in options and options[name].kind is bool:
        return name, True
    selecting = [option.name for option in filter_.options if option.selects_model and _fits(option, key)]
    return (selecting[0] if selecting else "model"), key


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
