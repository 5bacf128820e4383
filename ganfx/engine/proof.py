"""Proof before pixels: a network is believed on a device once it has computed there what the processor computes.

Providers have computed wrong pictures without a word. So a network that runs for the first time on a provider, device,
version, precision and layout is given small pictures of several shapes and batch sizes, as tiles come; its results are
compared with those of onnxruntime's CPU provider in fp32, and with the picture that is stored in the file, if any.
Some are even: there, what is divided by vanishes first in a precision that holds fewer numbers.
What was found is remembered.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ganfx.engine.acceptance import AcceptedModel
from ganfx.engine.drawing import drawing
from ganfx.engine.self_test import RunNetwork, decode_pair
from ganfx.engine.tiles import Floats, ceil_to
from ganfx.engine.values import to_planes, value_span
from ganfx.spec import ModelSpec
from ganfx.spec.model_file import read_metadata

# The least agreement that is believed, in decibels (see `decibels`), by precision.
LEAST_DECIBELS = {"fp32": 60.0, "bf16": 35.0, "fp16": 40.0}
# What stands for no difference at all.
EXACT = 200.0
# What even pictures are, and the seed of the noise for networks that take some beside a picture.
EVEN, _SEED = (0.0, 0.5, 1.0), 3
# A side of the pictures in pixels, and how much longer the other is, before both are rounded to what the network takes.
SIDE, LONGER = 48, 14


@dataclass(frozen=True)
class Proof:
    """How well a device agrees with the processor."""

    decibels: float
    """The least agreement over all pictures."""
    least: float
    """What is believed."""

    @property
    def holds(self) -> bool:
        """Whether the device is to be believed."""
        return self.decibels >= self.least


def prove(model: AcceptedModel, run: RunNetwork, reference: RunNetwork, precision: str, *, batches: bool) -> Proof:
    """Compare `run` with `reference`, the same network on the CPU in fp32; with `batches` several tiles at once, too.

    Raises what either raises, and ContractError where the stored picture is damaged.
    """
    spec, span = model.spec, value_span(model.spec.outputs[0])
    worst = EXACT
    for batch in _pictures(spec, 2 if batches else 1):
        values = spec.control_values()
        worst = min(worst, decibels(run(batch, values), reference(batch, values), span))
    stored = read_metadata(model.path) if spec.pairs else {}
    for pair in spec.pairs:
        given, expected = decode_pair(stored.get(pair.key, ""), pair, spec)
        worst = min(worst, decibels(run(given, spec.control_values(pair.controls)), expected, span))
    return Proof(worst, LEAST_DECIBELS[precision])


def decibels(output: Floats, reference: Floats, span: float) -> float:
    """Peak signal-to-noise ratio for values over a range of `span`: at most EXACT, minus infinity where there is none.

    10 * log10(span^2 / mean((output - reference)^2))
    """
    with np.errstate(all="ignore"):
        error = float(np.square((output - reference).astype(np.float64) / span).mean())
    if not math.isfinite(error):
        return -math.inf
    return EXACT if error == 0 else min(EXACT, -10 * math.log10(error))


def _pictures(spec: ModelSpec, most: int) -> Iterator[Floats]:
    """Batches (N, C, H, W): a drawing, up to `most` of another shape, and even ones."""
    unit = spec.multiple_of
    side = spec.fixed_size or ceil_to(max(SIDE, spec.min_size), unit)
    longer = spec.fixed_size or side + ceil_to(LONGER, unit)
    for count, height, width in ((1, side, longer), (most, longer, side)):
        planes = _planes(drawing(height, width, spec.in_channels), spec)
        # Of a batch no two pictures are alike: a provider may take one tile's numbers for another's.
        yield np.stack([np.roll(planes, 5 * number, axis=2) for number in range(count)])
    for light in EVEN:
        yield _planes(np.full((side, longer, spec.in_channels), light, np.float32), spec)[None]


def _planes(pixels: Floats, spec: ModelSpec) -> Floats:
    """`pixels` (H, W, C) as the network takes them, (C, H, W), with noise in the channels that are meant for it."""
    if count := spec.input_noise_channels:
        shape = (*pixels.shape[:2], count)
        pixels[..., -count:] = np.random.default_rng(_SEED).standard_normal(shape, np.float32)
    return to_planes(pixels, spec.inputs[0])
