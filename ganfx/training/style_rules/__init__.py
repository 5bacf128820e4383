"""Styles as image filters, which networks learn from pairs: seamless, steady, and faster than the rule.

A rule takes photographs (N, 3, H, W) in [0, 1] and as much noise of mean 0 and deviation 1, and returns pictures in the
shape and range of the photographs. Strokes in even areas grow from the noise, which the network is given too, weaker.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ganfx.errors import TrainingError
from ganfx.training.style_rules.brush import starry_night, the_scream, vangogh
from ganfx.training.style_rules.comic import comic
from ganfx.training.style_rules.dry import charcoal, ink, pastel, pencil
from ganfx.training.style_rules.flat import cutout, woodblock
from ganfx.training.style_rules.oil import oil
from ganfx.training.style_rules.watercolor import watercolor

Rule = Callable[[Tensor, Tensor], Tensor]

RULES: dict[str, Rule] = {
    "charcoal": charcoal,
    "comic": lambda rgb, noise: comic(rgb),
    "cutout": cutout,
    "ink": ink,
    "oil": lambda rgb, noise: oil(rgb),
    "pastel": pastel,
    "pencil": pencil,
    "starry-night": starry_night,
    "the-scream": the_scream,
    "vangogh": vangogh,
    "watercolor": watercolor,
    "woodblock": woodblock,
}


def find_rule(name: str) -> Rule:
    """The rule called `name`. Raises TrainingError."""
    try:
        return RULES[name]
    except KeyError:
        raise TrainingError(f"no rule to draw {name!r}", hint=f"rules: {', '.join(RULES)}") from None
