"""Healing: scratches, cracks and dust on scanned prints are found by one network and filled by another."""

from __future__ import annotations

from ganfx.filters.base import Deferred, Filter, Finder, Option, Retouch
from ganfx.filters.heal.names import parse_kind

_inpaint = Deferred("ganfx.filters.inpaint.processing")
_processing = Deferred("ganfx.filters.heal.processing")

FILTER = Filter(
    name="heal",
    help="Find and fill scratches on scanned photos.",
    retouch=Retouch(_inpaint.prepare_mask, _inpaint.find_regions, _inpaint.fill),
    # In thumbnails cracks are thinner than the network knows them.
    finder=Finder(models="scratches", mask=_processing.damage_mask, small=125_000),
    options=(
        Option("sensitivity", float, 0.5, "How readily something is taken for damage.", bounds=(0, 1)),
        Option(
            "only",
            parse_kind,
            (),
            "Heal this kind alone: dust, scratches, cracks or stains; may be repeated.",
            repeatable=True,
            metavar="KIND",
        ),
        Option("edges", bool, False, "Fill torn and rounded borders of the print, too."),
        Option("grow", int, 2, "Fill so many pixels around what was found too.", bounds=(0, 500)),
        Option("feather", int, 0, "Blend over so many pixels inside the edge of what is filled.", bounds=(0, 500)),
    ),
    models="inpaint",
    channels=((4, 3),),
    suffix="healed",
    example="ganfx heal scans/*.png",
)
