"""Small ncnn networks, written as ncnn writes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOAT32, HALF = bytes(4), (0x01306B47).to_bytes(4, "little")


def text_of(*lines: str) -> str:
    """A `.param` file of an input `data` and the layers in `lines`."""
    return "\n".join(["7767517", f"{len(lines) + 1} {2 * len(lines) + 1}", "Input i 0 1 data", *lines, ""])


def plain(values: NDArray[np.generic]) -> bytes:
    """Numbers that are always float32."""
    return values.astype("<f4").tobytes()


def stored(values: NDArray[np.generic], *, half: bool = False) -> bytes:
    """Weights with the tag before them, filled up to four bytes."""
    if not half:
        return FLOAT32 + plain(values)
    content = values.astype("<f2").tobytes()
    return HALF + content + bytes(-len(content) % 4)


def convolution(inside: int = 3, outside: int = 8, seed: int = 0) -> tuple[str, bytes]:
    """The line and the weights of a 3x3 convolution from `data` to `x`."""
    count = 9 * inside * outside
    random = np.random.default_rng(seed)
    weights = stored(random.normal(0, 0.2, count)) + plain(random.normal(0, 0.2, outside))
    return f"Convolution c 1 1 data x 0={outside} 1=3 4=1 5=1 6={count}", weights
