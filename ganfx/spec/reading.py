"""Strict reading of JSON into dataclasses: types, ranges, lengths, unknown and missing keys.

The dataclass is the only declaration: its type hints say what is accepted, `Bounds` in an `Annotated` hint the range
of a number or the length of a text or list.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from ganfx.errors import ContractError
from ganfx.text import printable

MAX_BYTES = 64 << 10
MAX_NESTING = 8
MAX_TEXT = 2000
_MAX_DIGITS = 1000
# Characters of a message.
_MOST_SHOWN = 300
_LARGEST = 1e30


@dataclass(frozen=True)
class Bounds:
    """Least and greatest value of a number, or length of a text or list; both inclusive."""

    least: float = -math.inf
    most: float = math.inf


def parse(text: str) -> dict[str, Any]:
    """The JSON object in `text`. Raises ContractError where it is none, too long or too deeply nested."""
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise field_error("contract", f"is longer than {MAX_BYTES >> 10} KiB")
    try:
        stored = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_without_repeats,
        )
    except RecursionError as error:
        raise field_error("contract", f"is nested more than {MAX_NESTING} levels deep") from error
    except ValueError as error:
        raise field_error("contract", f"is not JSON: {error}") from error
    if not isinstance(stored, dict):
        raise field_error("contract", "is not a JSON object")
    if _depth(stored, MAX_NESTING) > MAX_NESTING:
        raise field_error("contract", f"is nested more than {MAX_NESTING} levels deep")
    return stored


def read(cls: type[Any], stored: object) -> Any:
    """`stored`, a JSON object, as the dataclass `cls`. Raises FieldError."""
    return _object(cls, stored, "")


def _object(cls: type[Any], stored: object, where: str) -> Any:
    if not isinstance(stored, dict):
        raise FieldError(where, f"must be an object, not {_shown(stored)}")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key in stored:
        if key not in fields:
            raise FieldError(_path(where, key), "is not a known key")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in stored:
            raise FieldError(_path(where, name), "is missing")
    hints = type_hints(typing.cast("Hashable", cls))
    values = {key: _value(hints[key], value, _path(where, key)) for key, value in stored.items()}
    try:
        return cls(**values)
    except FieldError as error:
        raise FieldError(_path(where, error.field), error.reason) from error


class FieldError(ValueError):
    """Says of a `field` what is wrong with it: its type, its range, or that it contradicts another."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field, self.reason = field, reason


def field_error(field: str, reason: str) -> ContractError:
    """The error for a contract whose `field` is wrong; names in `reason` may be a stranger's."""
    return ContractError(f"the model's contract is damaged: {field} {printable(reason[:_MOST_SHOWN])}")


@functools.cache
def type_hints(cls: Any) -> dict[str, Any]:
    """The type hints of the dataclass `cls`, with their bounds."""
    return typing.get_type_hints(cls, include_extras=True)


def _value(hint: Any, value: object, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        checked = _value(arguments[0], value, where)
        _check_bounds(arguments[1], checked, where)
        return checked
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _value(arguments[0], value, where)
    if origin is typing.Literal:
        if value not in arguments or isinstance(value, bool):
            raise FieldError(where, f"must be one of {', '.join(map(str, arguments))}, not {_shown(value)}")
        return value
    if origin is tuple:
        return _tuple(arguments, value, where)
    if origin is collections.abc.Mapping:
        if not isinstance(value, dict):
            raise FieldError(where, f"must be an object, not {_shown(value)}")
        return {key: _value(arguments[1], inner, _path(where, key)) for key, inner in value.items()}
    if dataclasses.is_dataclass(hint):
        return _object(typing.cast("type[Any]", hint), value, where)
    return value if hint is Any else _scalar(hint, value, where)


def _tuple(arguments: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise FieldError(where, f"must be a list, not {_shown(value)}")
    if arguments[-1] is not Ellipsis and len(value) != len(arguments):
        raise FieldError(where, f"must be a list of {len(arguments)}, not of {len(value)}")
    kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
    return tuple(_value(kind, value[at], f"{where}[{at}]") for at, kind in enumerate(kinds))


def _scalar(kind: type, value: object, where: str) -> Any:
    wanted = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[kind]
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise FieldError(where, f"must be {wanted}, not {_shown(value)}")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise FieldError(where, f"is longer than {MAX_TEXT} characters")
    if isinstance(value, str) and printable(value) != value:
        raise FieldError(where, "has characters that cannot be printed")
    if isinstance(value, int | float) and not abs(value) <= _LARGEST:
        raise FieldError(where, "is too large a number")
    return float(typing.cast("float", value)) if kind is float else value


def _check_bounds(bounds: Bounds, value: Any, where: str) -> None:
    counted = isinstance(value, str | tuple)
    size, what = (len(value), "has a length of") if counted else (value, "is")
    if size < bounds.least:
        raise FieldError(where, f"{what} {size}, less than {bounds.least:g}")
    if size > bounds.most:
        raise FieldError(where, f"{what} {size}, more than {bounds.most:g}")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError("a number is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits")
    return int(text)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _depth(value: object, limit: int) -> int:
    """Levels of objects and lists in `value`; counting ends beyond `limit`."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        return 0
    return 1 + (max((_depth(item, limit - 1) for item in inner), default=0) if limit > 0 else 0)


def _path(where: str, key: str) -> str:
    name = printable(key[:40])
    return f"{where}.{name}" if where else name


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:40] + "..."
