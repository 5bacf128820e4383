"""The pictures stored inside a model file, and what the network once made of them; see `ganfx.spec.StoredPair`."""

from __future__ import annotations

import base64
import binascii
import math
import zlib

import numpy as np

from ganfx.engine.tiles import Floats
from ganfx.errors import ContractError
from ganfx.spec import ModelSpec, StoredPair

_HALF = np.dtype("<f2")


def encode_pair(given: Floats, made: Floats) -> str:
    """The text to store for the input `given` (C, h, w) and the output `made` (C, H, W), rounded to float16."""
    raw = given.astype(_HALF).tobytes() + made.astype(_HALF).tobytes()
    return base64.b64encode(zlib.compress(raw, 9)).decode()


def decode_pair(text: str, pair: StoredPair, spec: ModelSpec) -> tuple[Floats, Floats]:
    """(input, output), each (1, C, H, W), of what `encode_pair` made. Raises ContractError where it is damaged.

    Never unpacks more than `pair` says there is.
    """
    shapes = (
        (1, spec.in_channels, pair.height, pair.width),
        (1, spec.out_channels, pair.height * spec.scale, pair.width * spec.scale),
    )
    counts = [math.prod(shape) for shape in shapes]
    size = sum(counts) * _HALF.itemsize
    try:
        raw = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    except (zlib.error, binascii.Error, ValueError) as error:
        raise ContractError(f"{spec.name}: its stored picture {pair.key} is damaged") from error
    if len(raw) != size:
        raise ContractError(f"{spec.name}: its stored picture {pair.key} is not {pair.width}x{pair.height} pixels")
    values = np.frombuffer(raw, _HALF).astype(np.float32)
    return values[: counts[0]].reshape(shapes[0]), values[counts[0] :].reshape(shapes[1])
