"""Super-resolution: more pixels, with the detail that they ask for."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ganfx.filters.base import Filter, Flow, Option, Strip, Values

if TYPE_CHECKING:
    from ganfx.imaging.picture import Floats, Picture
    from ganfx.spec import ModelSpec

BLEED_RADIUS = 12
MARGIN = BLEED_RADIUS + 4


def prepare(picture: Picture, options: Values, spec: ModelSpec) -> Floats:
    """The picture's colors with those under transparency replaced, so that edges get no halo."""
    from ganfx.imaging.color import bleed

    return picture.rgb if picture.alpha is None else bleed(picture.rgb, picture.alpha, BLEED_RADIUS)


def finish(output: Floats, strip: Strip, options: Values, spec: ModelSpec) -> Picture:
    """The enlarged colors, clipped as the input was, with the alpha enlarged beside them."""
    import numpy as np

    from ganfx.imaging.color import clip_like, enlarge, grey_of

    source, scale = strip.picture, spec.scale
    inner = slice(strip.above, source.height - strip.below)
    rgb = clip_like(output, source.rgb, inner, scale)
    if source.info.grey:
        rgb = grey_of(rgb)
    alpha = None
    if source.alpha is not None:
        alpha = np.clip(enlarge(source.alpha, scale)[inner.start * scale : inner.stop * scale], 0, 1)
    return dataclasses.replace(source, rgb=rgb, alpha=alpha)


FILTER = Filter(
    name="upscale",
    help="Enlarge photographs 2 or 4 times, with detail.",
    flow=Flow(prepare, finish, local=True, margin=MARGIN),
    options=(Option("scale", int, None, "Times larger: 2 or 4. Chooses the model.", letter="s", selects_model=True),),
    example="ganfx upscale holiday/*.jpg",
)
