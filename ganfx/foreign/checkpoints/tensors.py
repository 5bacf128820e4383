"""Tensors as a checkpoint describes them: views of storages, whose numbers come later."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganfx.errors import ContractError

Array = NDArray[Any]

# Types of numbers by the name of torch's storage, and by its name of the type.
_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
    "UntypedStorage": "<u1",
}
_TYPES = {
    "float64": "<f8",
    "float32": "<f4",
    "float16": "<f2",
    "bfloat16": "bfloat16",
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "<i1",
    "uint8": "<u1",
    "bool": "?",
}
_MOST_AXES = 16
# Views that repeat numbers of a storage may be so large; others are never larger than the storage.
_MOST_REPEATED = 1 << 20


def storage_type(name: str) -> str | None:
    """How torch's storage class `name` stores its numbers; None for no such class."""
    return _STORAGES.get(name)


def number_type(name: str) -> str | None:
    """How numbers of torch's type `name` are stored; None for no such type."""
    return _TYPES.get(name)


def item_bytes(kind: str) -> int:
    """Bytes of one number."""
    return 2 if kind == "bfloat16" else np.dtype(kind).itemsize


def numbers(content: bytes, kind: str) -> Array:
    """The numbers in `content`; bfloat16 becomes float32."""
    if kind != "bfloat16":
        return np.frombuffer(content, kind)
    return (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")


@dataclass
class Storage:
    """A row of numbers, under a key in the file."""

    key: str
    kind: str
    count: int
    values: Array | None = field(default=None, repr=False)
    """Its numbers, once they are read."""


@dataclass(frozen=True)
class View:
    """A tensor: numbers of a storage from `offset` on."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str | None = None
    """Where the storage is of bytes: what the numbers are."""

    def array(self) -> Array:
        """Its numbers. Raises ContractError where they lie outside the storage, or are too many."""
        values = self.storage.values
        if values is None:
            raise ContractError("truncated or damaged", hint="download it again")
        if self.kind is not None:
            values = numbers(
                values.tobytes()[: values.nbytes // item_bytes(self.kind) * item_bytes(self.kind)], self.kind
            )
        self._check(len(values))
        strides = tuple(stride * values.itemsize for stride in self.strides)
        found = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, strides, writeable=False)
        return np.array(found, order="C")

    def _check(self, count: int) -> None:
        whole = (self.offset, *self.shape, *self.strides)
        if not all(type(number) is int and 0 <= number < 1 << 48 for number in whole):
            raise ContractError("has a tensor of no possible shape")
        if len(self.shape) != len(self.strides) or len(self.shape) > _MOST_AXES:
            raise ContractError("has a tensor of no possible shape")
        size = math.prod(self.shape)
        if size > max(count, _MOST_REPEATED):
            raise ContractError("has a tensor that is larger than its numbers")
        last = self.offset + sum(
            (length - 1) * stride for length, stride in zip(self.shape, self.strides, strict=True) if length
        )
        if size and last >= count:
            raise ContractError("has a tensor beyond the end of its numbers", hint="download it again")
