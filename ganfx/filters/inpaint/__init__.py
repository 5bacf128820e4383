"""Inpainting: holes are filled from their surroundings, and no other pixel changes."""

from __future__ import annotations

from ganfx.filters.base import SEED, Deferred, Filter, Option, Retouch

_processing = Deferred("ganfx.filters.inpaint.processing")

FILTER = Filter(
    name="inpaint",
    help="Fill what a mask marks, and touch nothing else.",
    retouch=Retouch(_processing.prepare_mask, _processing.find_regions, _processing.fill, _processing.has_choices),
    options=(
        Option(
            "grow",
            int,
            0,
            "Make the hole wider by so many pixels; auto: by the soft edge of things in a picture of that size.",
            bounds=(0, 500),
            auto=True,
        ),
        Option("feather", int, 0, "Blend over so many pixels inside the hole's edge.", bounds=(0, 500)),
        Option(SEED, int, 0, "Another number fills thick holes in another way.", bounds=(0, 999_999)),
    ),
    channels=((4, 3),),
    suffix="inpaint",
    example="ganfx inpaint photo.jpg --mask mask.png",
)
