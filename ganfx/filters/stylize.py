"""Style transfer: photographs painted as a network has learnt to paint."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ganfx.filters.base import Filter, Flow, Option, Size, Strip, Values

if TYPE_CHECKING:
    from ganfx.imaging.picture import Floats, Picture
    from ganfx.spec import ModelSpec

BLEED_RADIUS = 12
# Long sides that pictures are painted at: strokes have the size of some pixels there.
CANVASES = {"fine": 2048, "medium": 1280, "broad": 768}
NATIVE = "native"


def canvas(size: Size, options: Values) -> int:
    """How many times smaller than `size` the picture is painted."""
    detail = options["detail"]
    return 1 if detail == NATIVE else max(1, round(max(size) / CANVASES[detail]))


def prepare(picture: Picture, options: Values, spec: ModelSpec) -> Floats:
    """The picture's colors in [0, 1], with those under transparency replaced, so that nothing unseen is painted."""
    import numpy as np

    from ganfx.imaging.color import bleed

    rgb = np.clip(picture.rgb, 0, 1)
    return rgb if picture.alpha is None else bleed(rgb, picture.alpha, BLEED_RADIUS)


def finish(output: Floats, strip: Strip, options: Values, spec: ModelSpec) -> Picture:
    """The painting mixed with the photograph in Lab; with keep_color only its light is taken."""
    import numpy as np

    source = strip.picture.rows(strip.above, strip.picture.height - strip.below)
    rgb = np.clip(output, 0, 1)
    if options["strength"] < 1 or options["keep_color"]:
        rgb = _mixed(source.rgb, rgb, options)
    return dataclasses.replace(source, rgb=rgb, info=dataclasses.replace(source.info, grey=False))


def _mixed(photo: Floats, painting: Floats, options: Values) -> Floats:
    import numpy as np

    from ganfx.imaging.color import grey_from, lab_of, with_chroma

    own, painted = lab_of(photo), lab_of(painting)
    if options["keep_color"]:
        painted[..., 1:] = own[..., 1:]
    mixed = own + np.float32(options["strength"]) * (painted - own)
    return with_chroma(grey_from(mixed[..., 0]), mixed[..., 1:])


FILTER = Filter(
    name="stylize",
    help="Paint photographs in a style.",
    flow=Flow(prepare, finish, local=True, margin=BLEED_RADIUS, reduction=canvas),
    options=(
        Option("strength", float, 1.0, "How much of the painting, 0 to 1; the rest is the photograph.", bounds=(0, 1)),
        Option("keep_color", bool, False, "Take the painting's light alone, and keep the photograph's colors."),
        Option("detail", str, "medium", "Brush strokes, by the size that is painted at.", choices=(*CANVASES, NATIVE)),
    ),
    colored=True,
    example="ganfx stylize -n vangogh photo.jpg",
)
