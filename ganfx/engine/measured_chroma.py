"""Which values a network takes and gives that turns lightness into a* and b*: tried on a picture, and judged by whether
the colors are such as photographs have."""

from __future__ import annotations

from typing import Any

import numpy as np

from ganfx.engine.findings import AB, LIGHTNESS, SIGNED, SIGNED_AB, UNIT, ModelFact, Said, range_text
from ganfx.engine.measured_sizes import Sizes, infer
from ganfx.engine.measured_values import Supposition, Values, doubtful
from ganfx.engine.probe_picture import probe_picture
from ganfx.engine.tiles import Floats, ceil_to

_SIDE = 128
# Of colors that photographs have, in units of CIELAB: the largest, the largest mean, and the least and the largest
# deviation.
_LARGEST, _LARGEST_MEAN, _DEVIATIONS = 140.0, 45.0, (0.3, 60.0)
# A network that is fed a hundredth of the contrast that it knows shows less than this share of its own.
_FLAT = 0.25
# Values beyond these are colors in units of CIELAB, or signed.
_UNITS, _BELOW = 2.0, -0.05


def measured_chroma(session: Any, sizes: Sizes, side: int | None, said: Said) -> Values:
    """The ranges of lightness and of colors that explain best what the network does.

    Raises ContractError where several do about equally well.
    """
    length = side or ceil_to(max(_SIDE, sizes.least), sizes.multiple)
    picture = probe_picture(length, length, 1).transpose(2, 0, 1)[None]

    def made(given: tuple[float, float]) -> Floats:
        low, high = given
        output: Floats = infer(session, (picture * np.float32(high - low) + np.float32(low)).astype(np.float32))[0]
        return output

    if said.range:
        span = said.made or _span(made(said.range))
        return _found(said.range, span, "said", "")
    ones, units, signed = (made(given) for given in (UNIT, LIGHTNESS, SIGNED))
    are_units = _is_likely(units, AB) and _is_flat(ones, units)
    possible = {
        "ones": _is_likely(ones, UNIT),
        "units": are_units,
        "signed": not are_units and _span(signed) == SIGNED_AB and _is_likely(signed, SIGNED_AB),
    }
    found = [name for name, is_so in possible.items() if is_so]
    if found == ["units"]:
        return _found(LIGHTNESS, AB, "certain", "less contrast gives no colors, and these are such as photographs have")
    if found == ["ones"]:
        return _found(UNIT, UNIT, "likely", "these are colors such as photographs have")
    if found == ["signed"]:
        return _found(SIGNED, SIGNED_AB, "likely", "1 is taken for 110 of CIELAB")
    raise doubtful("it makes colors, by values that are not known", "say --range 0..1, 0..100 or -1..1")


def _is_flat(least: Floats, known: Floats) -> bool:
    """Whether the output `least` shows next to nothing of what `known` shows."""
    return bool(least.std((1, 2)).max() < _FLAT * known.std((1, 2)).max())


def _span(output: Floats) -> tuple[float, float]:
    """What the values of `output` (2, H, W) stand for, by how large they are."""
    low, high = np.percentile(output, (1, 99))
    if max(-low, high) > _UNITS:
        return AB
    return SIGNED_AB if low < _BELOW else UNIT


def _is_likely(output: Floats, span: tuple[float, float]) -> bool:
    """Whether `output` (2, H, W), in `span`, are colors such as photographs have."""
    if not np.isfinite(output).all():
        return False
    low, high = span
    colors = (output - low) / (high - low) * 255 - 128
    deviation = float(colors.std((1, 2)).max())
    return (
        float(np.abs(colors).max()) <= _LARGEST
        and float(np.abs(colors.mean((1, 2))).max()) <= _LARGEST_MEAN
        and _DEVIATIONS[0] <= deviation <= _DEVIATIONS[1]
    )


def _found(given: tuple[float, float], span: tuple[float, float], sure: Any, why: str) -> Values:
    best = Supposition(given, span)
    names = {AB: "a* and b*", SIGNED_AB: "a* and b*, 1 for 110", UNIT: range_text(UNIT)}
    value = f"{range_text(given)} to {names.get(span, range_text(span))}"
    return Values(best, 0.0, (ModelFact("range", value, sure, why),))
