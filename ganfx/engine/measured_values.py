"""Which values a graph takes and gives: each supposition is tried on a picture, and judged by what comes out.

A network that enlarges or restores gives back the picture it got, but for detail, only where the supposition is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ganfx.engine.findings import BYTES, IMAGENET, SIGNED, UNIT, Certainty, ModelFact, Said, range_text
from ganfx.engine.measured_sizes import Sizes, infer
from ganfx.engine.probe_picture import probe_picture
from ganfx.engine.tiles import Floats, ceil_to
from ganfx.errors import ContractError

_SIDE = 64
# Blocks of so many pixels are compared by their means: networks change detail, on purpose.
_BLOCK = 4
# The least agreement in decibels of a network that gives back what it got.
FAITHFUL = 25.0
# By how many decibels 0..1 must be better than any other supposition to be certain, and another to be believed.
_CLEARLY, _MUCH = 3.0, 6.0
# With so few decibels between them, two suppositions are the same to the network.
_SAME_MARGIN = 0.5
# Two pictures that are so near to each other in decibels are the same.
_SAME = 35.0
_NO_NORMALIZATION = ((), ())
Normalization = tuple[tuple[float, ...], tuple[float, ...]]


class Supposition(NamedTuple):
    """What the values of the input and of the output may mean."""

    given: tuple[float, float]
    made: tuple[float, float]
    normalization: Normalization = _NO_NORMALIZATION
    swapped: bool = False
    """Whether the output has the colors in the other order."""

    def __str__(self) -> str:
        given = "ImageNet's mean and deviation" if self.normalization[0] else range_text(self.given)
        return given if self.given == self.made and not self.normalization[0] else f"{given} to {range_text(self.made)}"


class Values(NamedTuple):
    """What was found of the values, and whether the network gives back what it got."""

    best: Supposition
    decibels: float
    findings: tuple[ModelFact, ...]

    @property
    def faithful(self) -> bool:
        return self.decibels >= FAITHFUL


def measured_values(session: Any, channels: int, sizes: Sizes, side: int | None, said: Said) -> Values:
    """The supposition that explains best what the network does. Raises ContractError where none does clearly."""
    length = side or ceil_to(max(_SIDE, sizes.least), sizes.multiple)
    picture = probe_picture(length, length, channels)
    outputs = {
        supposed: _output(session, picture, supposed)
        for supposed in dict.fromkeys(_inputs(_suppositions(channels, said)))
    }
    scores = {
        supposed: _agreement(outputs[_input(supposed)], picture, supposed, sizes)
        for supposed in _suppositions(channels, said)
    }
    if not any(np.isfinite(output).all() for output in outputs.values()):
        raise ContractError("the network gives values that are no numbers")
    highest = max(scores.values())
    if highest < FAITHFUL:
        return _of_unfaithful(outputs, highest, channels, said)
    # Which of those that are the same to the network is taken does not matter; 0..1 comes first.
    same = [supposed for supposed, score in scores.items() if score > highest - _SAME_MARGIN]
    best, others = same[0], [supposed for supposed in scores if supposed not in same]
    second = max(others, key=lambda supposed: scores[supposed], default=best)
    margin = highest - scores[second] if others else math.inf
    is_said = bool(said.range or said.normalise)
    if margin < _MUCH and best.given != UNIT and not is_said:
        raise doubtful(f"{best} and {second} explain it about equally well", "say --range 0..1, 0..255 or -1..1")
    sure: Certainty = "said" if is_said else "certain" if margin >= _CLEARLY and len(same) == 1 else "likely"
    why = f"the picture comes back at {highest:.0f} dB"
    why += f", {margin:.0f} dB better than with {second}" if others else ""
    why += f"; {len(same)} ranges are the same to it" if len(same) > 1 else ""
    return Values(best, highest, (ModelFact("range", str(best), sure, why), _order(best, said, channels)))


def doubtful(what: str, flags: str) -> ContractError:
    """The error that stops where nothing is guessed: what cannot be told, and the flags that tell it."""
    return ContractError(f"its values cannot be told: {what}", hint=f"import it with ganfx models import, and {flags}")


def _suppositions(channels: int, said: Said) -> Iterator[Supposition]:
    if said.normalise:
        yield from (Supposition(said.range or UNIT, made, said.normalise) for made in (UNIT, BYTES, SIGNED))
        return
    ranges = [said.range] if said.range else [UNIT, BYTES, SIGNED]
    for given in ranges:
        for made in [said.made] if said.made else dict.fromkeys((given, UNIT, BYTES, SIGNED)):
            for swapped in (False, True) if channels == 3 and not said.order else (False,):
                yield Supposition(given, made, swapped=swapped)
    if channels == 3 and not said.range:
        yield from (Supposition(UNIT, made, IMAGENET) for made in (UNIT, BYTES, SIGNED))


def _input(supposed: Supposition) -> Supposition:
    """The same as far as the input goes."""
    return Supposition(supposed.given, UNIT, supposed.normalization)


def _inputs(suppositions: Iterator[Supposition]) -> Iterator[Supposition]:
    return (_input(supposed) for supposed in suppositions)


def _output(session: Any, picture: Floats, supposed: Supposition) -> Floats:
    """(H, W, C) of the first output for `picture` (H, W, C) in [0, 1]."""
    low, high = supposed.given
    values: Floats = picture * np.float32(high - low) + np.float32(low)
    mean, deviation = supposed.normalization
    if mean:
        values = np.asarray((values - np.array(mean)) / np.array(deviation), np.float32)
    return np.ascontiguousarray(
        infer(session, values.astype(np.float32).transpose(2, 0, 1)[None])[0].transpose(1, 2, 0)
    )


def _agreement(output: Floats, picture: Floats, supposed: Supposition, sizes: Sizes) -> float:
    """How near the output is to the picture that went in, in decibels, at that picture's size."""
    if output.shape[2] != picture.shape[2] or not np.isfinite(output).all():
        return -math.inf
    low, high = supposed.made
    small = (_block_means(output, _BLOCK * sizes.scale) - low) / (high - low)
    return psnr(small[..., ::-1] if supposed.swapped else small, _block_means(picture, _BLOCK))


def _block_means(pixels: Floats, side: int) -> Floats:
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    blocks = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side, -1)
    return np.asarray(blocks.mean((1, 3)), np.float32)


def psnr(one: Floats, other: Floats) -> float:
    """Peak signal-to-noise ratio in decibels of pictures in [0, 1]: at most 60."""
    return -10 * math.log10(float(np.square((one - other).astype(np.float64)).mean()) + 1e-6)


def _order(best: Supposition, said: Said, channels: int) -> ModelFact:
    if said.order:
        return ModelFact("order", said.order, "said")
    if channels < 3:
        return ModelFact("order", "no colors", "certain")
    if best.swapped:
        return ModelFact("order", "RGB to BGR", "certain", "red and blue come back exchanged")
    return ModelFact("order", "RGB", "assumed", "a network that keeps colors does not show it")


def _of_unfaithful(outputs: dict[Supposition, Floats], decibels: float, channels: int, said: Said) -> Values:
    """For a network that makes something else of the picture: by the values of its output, where the input's do not
    matter or are said."""
    unit = outputs.get(Supposition(UNIT, UNIT))
    output = next(iter(outputs.values())) if unit is None else unit
    made = said.made or _range_of(output)
    if said.range or said.normalise:
        best = next(iter(outputs))._replace(made=made)
        return Values(best, decibels, (ModelFact("range", str(best), "said"), _order(best, said, channels)))
    large = outputs[Supposition(BYTES, UNIT)]
    span = made[1] - made[0]
    if psnr(output, large / BYTES[1]) > _SAME:
        best, why = Supposition(UNIT, UNIT), "in every range it does the same"
        return Values(best, decibels, (ModelFact("range", str(best), "certain", why), _order(best, said, channels)))
    if psnr(output / span, large / span) > _SAME:
        made = _range_of(large)
        best = Supposition(made, made)
        why = "whatever is fed, the same comes out"
        return Values(best, decibels, (ModelFact("range", str(best), "certain", why), _order(best, said, channels)))
    raise doubtful(
        "it makes something else of a picture",
        "say what it takes: --range 0..1, 0..255 or -1..1, or --normalise imagenet",
    )


def _range_of(output: Floats) -> tuple[float, float]:
    """The usual range that the values of `output` lie in."""
    low, high = np.percentile(output, (1, 99))
    if high > 2:
        return BYTES
    return SIGNED if low < -0.2 else UNIT
