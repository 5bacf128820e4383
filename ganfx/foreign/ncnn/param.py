"""The text of a `.param` file: one line for each layer.

Format: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ganfx.errors import ContractError
from ganfx.text import printable

MAGIC = "7767517"
MAX_TEXT_BYTES = 4 << 20
_MAX_LAYERS = 20_000
_MAX_NAMES = 256
# Keys from here down are those of lists: -23300 is the list 0.
_LISTS = -23300
# The value that stands for `not given` in some layers.
NOT_GIVEN = -233
_MAX_LIST = 65_536

Value = float | tuple[float, ...]


@dataclass(frozen=True)
class Layer:
    """One line: what it does, the tensors that it takes and makes, and its settings by number."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: dict[int, Value]

    def number(self, key: int, default: float = 0.0) -> float:
        """A setting that is one number. Raises ContractError where it is a list."""
        value = self.settings.get(key, default)
        if isinstance(value, tuple):
            raise self.error(f"has a list where the number {key} should be")
        return value

    def whole(self, key: int, default: int = 0) -> int:
        """A setting that is one whole number. Raises ContractError."""
        value = self.number(key, default)
        if abs(value) > 1 << 31 or int(value) != value:
            raise self.error(f"has {value:g} where a whole number should be")
        return int(value)

    def list(self, key: int) -> tuple[float, ...]:
        """A setting that is a list; empty where it is not there. Raises ContractError."""
        value = self.settings.get(key, ())
        if not isinstance(value, tuple):
            raise self.error(f"has a number where the list {key} should be")
        return value

    def error(self, reason: str) -> ContractError:
        """The error that says what is wrong with this layer."""
        return ContractError(f"the ncnn layer {printable(self.name)} ({printable(self.kind)}) {reason}")


def read_param(text: str) -> list[Layer]:
    """The layers in `text`, in its order. Raises ContractError."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or lines[0].strip() != MAGIC:
        raise ContractError("not the text of an ncnn network, or of a version that ganfx does not read")
    if len(lines) - 2 > _MAX_LAYERS:
        raise ContractError(f"has more than {_MAX_LAYERS} layers")
    counts = lines[1].split() if len(lines) > 1 else []
    if len(counts) != 2 or not all(count.isascii() and count.isdigit() and len(count) < 9 for count in counts):
        raise ContractError("truncated or damaged", hint="download it again")
    if len(lines) - 2 != int(counts[0]):
        raise ContractError(f"has {len(lines) - 2} layers, and says {counts[0]}", hint="download it again")
    return [_layer(line) for line in lines[2:]]


def _layer(line: str) -> Layer:
    words = line.split()
    try:
        kind, name, taken, made = words[0], words[1], int(words[2]), int(words[3])
    except (IndexError, ValueError) as error:
        raise _damaged(line) from error
    names, settings = words[4 : 4 + taken + made], words[4 + taken + made :]
    if not (0 <= taken <= _MAX_NAMES and 0 <= made <= _MAX_NAMES) or len(names) != taken + made:
        raise _damaged(line)
    stored = dict(_setting(word, line) for word in settings)
    return Layer(kind, name, tuple(names[:taken]), tuple(names[taken:]), stored)


def _setting(word: str, line: str) -> tuple[int, Value]:
    key, _, text = word.partition("=")
    try:
        number = int(key)
        if number > _LISTS:
            return number, _number(text)
        count, *values = text.split(",")
        if len(values) != int(count) or len(values) > _MAX_LIST:
            raise ValueError
        return _LISTS - number, tuple(_number(value) for value in values)
    except ValueError as error:
        raise _damaged(line) from error


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _damaged(line: str) -> ContractError:
    return ContractError(f"damaged at the line {printable(line.strip()[:60])!r}", hint="download it again")
