"""The weights of an ncnn network: the `.bin` file, one layer's after the other."""

from __future__ import annotations

import numpy as np

from ganfx.errors import ContractError
from ganfx.foreign.graph import Array

# What the first four bytes of weights say of the rest; 0 is float32.
_FLOAT32, _HALF, _INT8 = 0, 0x01306B47, 0x000D4B38
_ALIGNMENT = 4


class WeightFile:
    """Reads from `content`, the bytes of the file; every method raises ContractError past their end."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return len(self._content) - self._at

    def plain(self, count: int) -> Array:
        """`count` numbers that are always float32, such as biases: (count,)."""
        return self._read(count, "<f4")

    def stored(self, count: int) -> Array:
        """`count` numbers as the tag before them says: float32, or float16 that stays so."""
        tag = int(self._read(1, "<u4")[0])
        if tag == _FLOAT32:
            return self._read(count, "<f4")
        if tag != _HALF:
            what = "in 8 bits" if tag == _INT8 else "in a way that ganfx does not read"
            raise ContractError(f"stores its weights {what}", hint="take the version in fp16 or fp32")
        values = self._read(count, "<f2")
        self._at += -self._at % _ALIGNMENT
        return values

    def _read(self, count: int, kind: str) -> Array:
        size = count * np.dtype(kind).itemsize
        if count < 0 or size > self.left:
            raise ContractError(
                "its weights end too early", hint="download .param and .bin again, they belong together"
            )
        values = np.frombuffer(self._content, kind, count, self._at)
        self._at += size
        if not np.isfinite(values.sum(dtype=np.float64)):
            raise ContractError("has weights that are no numbers", hint="download it again")
        return values
