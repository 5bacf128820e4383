"""Background removal: what a picture shows stays, and all around it becomes transparent."""

from __future__ import annotations

from ganfx.filters.base import Cut, Deferred, Filter, Option, Overview, Planes, Values
from ganfx.filters.cutout.background import Color, is_picture, parse_background
from ganfx.filters.other_picture import OtherPicture

_processing = Deferred("ganfx.filters.cutout.processing")

# Long side in pixels of the overview, at which the network's matte is fitted to the edges of the picture.
GUIDE_SIDE = 1024
# The value of `edges` that follows the picture's own.
FINE = "fine"


def _planes(given: Planes, values: Values) -> Planes:
    background: Color | OtherPicture | None = values["background"]
    if values["only_mask"]:
        return Planes(grey=True, alpha=False)
    stays_grey = background is None or (isinstance(background, Color) and background.is_grey)
    return Planes(given.grey and stays_grey, alpha=background is None)


FILTER = Filter(
    name="cutout",
    help="Make the background of photographs transparent.",
    overview=Overview(GUIDE_SIDE, _processing.study, Cut("crop", _processing.kept)),
    models="matte",
    channels=((3, 1),),
    options=(
        Option(
            "background",
            parse_background,
            None,
            "A color to put behind it, or a picture, which covers all.",
            metavar="#RRGGBB|white|black|FILE",
            opens=is_picture,
        ),
        Option("only_mask", bool, False, "The mask alone: white is what stays."),
        Option("crop", bool, False, "Cut off what is empty all around."),
        Option("edges", str, FINE, "Along the picture's own edges, or as the network draws.", choices=(FINE, "plain")),
    ),
    planes=_planes,
    suffix="cutout",
    example="ganfx cutout portraits/*.jpg",
)
