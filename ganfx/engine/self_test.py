"""A model's own tests, run where the engine runs it: statistics of a noise picture, and stored pictures."""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ganfx.engine.tiles import Floats
from ganfx.engine.values import value_span
from ganfx.errors import ContractError
from ganfx.spec import ModelSpec, SelfTest, StoredPair
from ganfx.spec.model_file import read_metadata

if TYPE_CHECKING:
    from ganfx.engine.runner import Engine

_FLOAT16 = np.dtype("<f2")
# A batch (N, C, h, w), and values of the controls.
RunNetwork = Callable[[Floats, Mapping[str, float]], Floats]


@dataclass(frozen=True)
class SelfTestResult:
    """How far the network is off, and how far it may be."""

    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance  # false where it is no number


def verify(engine: Engine) -> SelfTestResult | None:
    """The worst result, measured by its tolerance, of all tests that the model carries; None where it carries none.

    Raises ContractError where a stored picture is damaged, and what running the network raises.
    """
    spec = engine.spec
    stored = read_metadata(engine.network.path) if spec.pairs else {}
    return worst_result(spec, stored, engine.network.run)


def worst_result(spec: ModelSpec, stored: Mapping[str, str], run: RunNetwork) -> SelfTestResult | None:
    """`verify` for a network that `run` runs, with the metadata `stored` in its file."""
    results = list(_results(spec, stored, run))
    return max(results, key=lambda result: result.error / max(result.tolerance, 1e-9), default=None)


def _results(spec: ModelSpec, stored: Mapping[str, str], run: RunNetwork) -> Iterator[SelfTestResult]:
    if spec.self_test:
        yield _statistics(spec, spec.self_test, run)
    for pair in spec.pairs:
        if pair.key not in stored:
            raise ContractError(f"{spec.name}: its stored picture {pair.key} is missing")
        yield _pair(spec, pair, stored[pair.key], run)


def _statistics(spec: ModelSpec, test: SelfTest, run: RunNetwork) -> SelfTestResult:
    shape = (1, spec.in_channels, test.size, test.size)
    output = run(np.random.default_rng(test.seed).random(shape, dtype=np.float32), spec.control_values())
    error = max(abs(output.mean() - test.mean), abs(output.std() - test.std))
    return SelfTestResult(float(error), test.tolerance)


def _pair(spec: ModelSpec, pair: StoredPair, text: str, run: RunNetwork) -> SelfTestResult:
    given, expected = decode_pair(text, pair, spec)
    output = run(given, spec.control_values(pair.controls))
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
