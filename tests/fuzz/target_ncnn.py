"""Networks of ncnn: a graph that loads as ONNX, or one line of ContractError."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx

from ganfx.errors import ContractError
from ganfx.foreign.ncnn.network import network_of
from ganfx.text import printable
from tests.foreign.networks import convolution, plain, stored, text_of

# Between the two files in one input.
_BETWEEN = b"\0bin\0"


def seeds() -> Iterator[bytes]:
    """Networks with most kinds of layers."""
    line, weights = convolution()
    numbers = np.linspace(-1, 1, 640)
    for more, content in (
        ((), b""),
        (("PReLU p 1 1 x y 0=8", "PixelShuffle s 1 1 y z 0=2"), plain(numbers[:8])),
        (("Deconvolution d 1 1 x y 0=5 1=4 3=2 4=3 5=1 6=640 9=2 -23310=1,0.1",), stored(numbers) + plain(numbers[:5])),
        (("Split s 1 2 x y z", "Interp i 1 1 y w 0=2 1=2 2=2", "Eltwise e 2 1 w w v 0=1 -23301=2,0.2,1"), b""),
        (("Slice s 1 2 x a b -23300=2,3,-233", "Concat c 2 1 b a y", "Reorg r 1 1 y z 0=2"), b""),
        (("Pooling p 1 1 x g 0=1 4=1", "InnerProduct i 1 1 g y 0=8 1=0 2=64"), stored(numbers[:64], half=True)),
        (("MemoryData m 0 1 m 0=8", "BinaryOp b 2 1 x m y 0=2", "Clip l 1 1 y z 0=0 1=1"), plain(numbers[:8])),
        (("Padding p 1 1 x y 0=1 1=2 2=3 3=4 4=2", "Crop c 1 1 y z 0=1 1=1 3=-233 4=-233 5=-233 6=1 7=1"), b""),
    ):
        yield text_of(line, *more).encode() + _BETWEEN + weights + content


def _check_line(message: str) -> None:
    assert printable(message) == message, message


def one_input(data: bytes) -> None:
    """Raises where a network is neither written as a graph nor refused in one line."""
    text, _, content = data.partition(_BETWEEN)
    try:
        model = network_of(text.decode("utf-8", "replace"), content)
    except ContractError as error:
        _check_line(error.message)
        return
    onnx.checker.check_model(model)
