"""A model's own tests, run where the engine runs it: statistics of a noise picture, and stored pictures."""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ganfx.engine.runner import Engine
from ganfx.engine.tiles import Floats
from ganfx.engine.values import value_span
from ganfx.errors import ContractError
from ganfx.spec import ModelSpec, SelfTest, StoredPair
from ganfx.spec.model_file import read_metadata

_FLOAT16 = np.dtype("<f2")


@dataclass(frozen=True)
class SelfTestResult:
    """How far the network is off, and how far it may be."""

    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance


def verify(engine: Engine) -> SelfTestResult | None:
    """The worst result, measured by its tolerance, of all tests that the model carries; None where it carries none.

    Raises ContractError where a stored picture is damaged, and what running the network raises.
    """
    results = list(_results(engine))
    return max(results, key=lambda result: result.error / max(result.tolerance, 1e-9), default=None)


def _results(engine: Engine) -> Iterator[SelfTestResult]:
    spec = engine.spec
    if spec.self_test:
        yield _statistics(engine, spec.self_test)
    stored = read_metadata(engine.network.path) if spec.pairs else {}
    for pair in spec.pairs:
        if pair.key not in stored:
            raise ContractError(f"{spec.name}: its stored picture {pair.key} is missing")
        yield _pair(engine, pair, stored[pair.key])


def _statistics(engine: Engine, test: SelfTest) -> SelfTestResult:
    shape = (1, engine.spec.in_channels, test.size, test.size)
    output = engine.network.run(np.random.default_rng(test.seed).random(shape, dtype=np.float32))
    error = max(abs(output.mean() - test.mean), abs(output.std() - test.std))
    return SelfTestResult(float(error), test.tolerance)


def _pair(engine: Engine, pair: StoredPair, text: str) -> SelfTestResult:
    spec = engine.spec
    given, expected = decode_pair(text, pair, spec)
    output = engine.network.run(given, spec.control_values(pair.controls))
    error = np.abs(output - expected).mean() / value_span(spec.outputs[0])
    return SelfTestResult(float(error), pair.tolerance)


def encode_pair(given: Floats, made: Floats) -> str:
    """The text to store for the input `given` (C, h, w) and the output `made` (C, H, W), rounded to float16."""
    raw = given.astype(_FLOAT16).tobytes() + made.astype(_FLOAT16).tobytes()
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
    size = sum(counts) * _FLOAT16.itemsize
    try:
        raw = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    except (zlib.error, binascii.Error, ValueError) as error:
        raise ContractError(f"{spec.name}: its stored picture {pair.key} is damaged") from error
    if len(raw) != size:
        raise ContractError(f"{spec.name}: its stored picture {pair.key} is not {pair.width}x{pair.height} pixels")
    values = np.frombuffer(raw, _FLOAT16).astype(np.float32)
    return values[: counts[0]].reshape(shapes[0]), values[counts[0] :].reshape(shapes[1])
