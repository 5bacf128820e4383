"""Cleaning: noise, compression and wear go out of photographs; their size, texture and light stay."""

from __future__ import annotations

from ganfx.filters.base import AUTO, Deferred, Estimator, Filter, Flow, Option

_processing = Deferred("ganfx.filters.clean.processing")

# Radius in pixels over which visible colors spread into transparent areas.
BLEED_RADIUS = 12
# Rows whose change the correction of a row's light depends on.
CONTEXT = 96
MARGIN = CONTEXT + 4

FILTER = Filter(
    name="clean",
    help="Take noise, JPEG blocks and wear out of photographs.",
    flow=Flow(
        _processing.prepare,
        _processing.finish,
        local=True,
        margin=MARGIN,
        context=CONTEXT,
        idle=lambda values: values["strength"] == 0,
    ),
    options=(
        Option(
            "strength",
            float,
            AUTO,
            "How much there is to clean, 0 to 1. auto looks at the picture, and leaves a clean one as it is.",
            bounds=(0, 1),
            control=True,
            auto=True,
        ),
        Option("preserve_grain", float, 0.0, "How much of the grain in the light stays, 0 to 1.", bounds=(0, 1)),
    ),
    suffix="clean",
    example="ganfx clean old/*.jpg",
    maskable=True,
    estimators={"level": Estimator("level", _processing.strength_of)},
)
