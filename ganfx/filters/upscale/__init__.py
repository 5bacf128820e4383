"""Super-resolution: pictures enlarged by a network that adds plausible detail."""

from __future__ import annotations

from ganfx.filters.base import AUTO, Deferred, Filter, FirstStep, Flow, Option
from ganfx.filters.sizes import SIZES

_processing = Deferred("ganfx.filters.upscale.processing")

# Radius in pixels over which visible colors spread into transparent areas.
BLEED_RADIUS = 12
# Rows of the output that the correction of a row's light depends on.
CONTEXT = 20
# That, or what bleeds, and the reach of the bicubic kernel.
MARGIN = max(BLEED_RADIUS, CONTEXT) + 4

FILTER = Filter(
    name="upscale",
    help="Enlarge photographs to any size, with detail.",
    flow=Flow(_processing.prepare, _processing.finish, local=True, margin=MARGIN, context=CONTEXT),
    options=(
        *SIZES,
        Option(
            "clean",
            float,
            AUTO,
            "Take noise and JPEG blocks out first: off, or how much, 0 to 1. auto looks at the picture.",
            bounds=(0, 1),
            metavar="auto|off|X",
            auto=True,
        ),
        Option(
            "strength",
            float,
            1.0,
            "How much of the network's detail, 0 to 1; the rest is plain bicubic.",
            bounds=(0, 1),
        ),
    ),
    example="ganfx upscale holiday/*.jpg",
    first=FirstStep("clean", option="clean", target="strength"),
)
