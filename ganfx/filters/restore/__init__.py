"""Restoration: networks of others that keep the size, whatever damage they were trained on."""

from __future__ import annotations

from ganfx.filters.base import Deferred, Filter, Flow, Option
from ganfx.filters.upscale import CONTEXT, MARGIN

_processing = Deferred("ganfx.filters.upscale.processing")

FILTER = Filter(
    name="restore",
    help="Run an imported network that keeps the size.",
    flow=Flow(_processing.prepare, _processing.finish, local=True, margin=MARGIN, context=CONTEXT),
    options=(
        Option(
            "strength", float, 1.0, "How much of the network's work, 0 to 1; the rest is the picture.", bounds=(0, 1)
        ),
    ),
    suffix="restored",
    example="ganfx restore -n 1x-something photo.jpg",
)
