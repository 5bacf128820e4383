"""Colorization: black-and-white photographs get colors; their lightness stays, pixel for pixel."""

from __future__ import annotations

from ganfx.filters.base import SEED, Deferred, Filter, Option, Overview
from ganfx.filters.colorize.hint import parse_hint
from ganfx.filters.colorize.painted_hints import read_hints
from ganfx.filters.other_picture import read_other_picture

_processing = Deferred("ganfx.filters.colorize.processing")

# Long side in pixels of the overview, at which colors are fitted to the edges of the picture.
GUIDE_SIDE = 1024

FILTER = Filter(
    name="colorize",
    help="Give black-and-white photographs colors.",
    overview=Overview(GUIDE_SIDE, _processing.study),
    channels=((1, 2), (3, 2), (1, 3), (3, 3)),
    options=(
        Option("strength", float, 1.0, "How strong colors are.", bounds=(0, 1.5)),
        Option(
            "hint",
            parse_hint,
            (),
            "The color at a pixel, where you know it; may be repeated.",
            metavar="X,Y,#RRGGBB",
            repeatable=True,
        ),
        Option(
            "hints",
            read_hints,
            None,
            "Colors painted on an empty layer, saved with transparency.",
            metavar="FILE",
            opens=bool,
        ),
        Option(
            "reference",
            read_other_picture,
            None,
            "A photograph of the same kind of thing, whose colors are taken.",
            metavar="FILE",
            opens=bool,
        ),
        Option(SEED, int, 0, "Another number colors with another temperament.", bounds=(0, 999_999)),
    ),
    colored=True,
    suffix="color",
    example="ganfx colorize album/*.jpg",
)
