"""Super-resolution: pictures enlarged by a network that adds plausible detail."""

from __future__ import annotations

from ganfx.filters.base import Deferred, Filter, Flow, Option

_processing = Deferred("ganfx.filters.upscale.processing")

# Radius in pixels over which visible colors spread into transparent areas.
BLEED_RADIUS = 12
# That, and the reach of the bicubic kernel that enlarges alpha.
MARGIN = BLEED_RADIUS + 4

FILTER = Filter(
    name="upscale",
    help="Enlarge photographs 2 or 4 times, with detail.",
    flow=Flow(_processing.prepare, _processing.finish, local=True, margin=MARGIN),
    options=(Option("scale", int, None, "Times larger: 2 or 4. Chooses the model.", letter="s", selects_model=True),),
    example="ganfx upscale holiday/*.jpg",
)
