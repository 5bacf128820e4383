"""Style transfer: photographs are repainted in the style that a network was trained on."""

from __future__ import annotations

from ganfx.filters.base import Deferred, Filter, Flow, Look, Option
from ganfx.filters.other_picture import read_other_picture

_processing = Deferred("ganfx.filters.stylize.processing")

# Radius in pixels over which visible colors spread into transparent areas.
BLEED_RADIUS = 12
# Long side in pixels at which the picture goes through the network, by `detail`; strokes have a fixed size there.
SIDES = {"fine": 2048, "medium": 1280, "broad": 768}
# Long side in pixels of the painting whose colors are compared with the palette's.
LOOK_SIDE = 384
# The value of `detail` that leaves the picture at its own size.
NATIVE = "native"

FILTER = Filter(
    name="stylize",
    help="Paint photographs in a style.",
    flow=Flow(
        _processing.prepare,
        _processing.finish,
        local=True,
        margin=BLEED_RADIUS,
        reduction=_processing.reduction,
        look=Look(LOOK_SIDE, "palette", _processing.transfer),
    ),
    options=(
        Option("strength", float, 1.0, "How much of the painting, 0 to 1; the rest is the photograph.", bounds=(0, 1)),
        Option("keep_color", bool, False, "Take the painting's light alone, and keep the photograph's colors."),
        Option(
            "palette",
            read_other_picture,
            None,
            "A picture whose colors the painting takes.",
            metavar="FILE",
            opens=bool,
        ),
        Option("detail", str, "medium", "Brush strokes, by the size that is painted at.", choices=(*SIDES, NATIVE)),
    ),
    colored=True,
    example="ganfx stylize -n vangogh photo.jpg",
)
