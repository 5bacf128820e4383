"""Style transfer on arrays."""

from __future__ import annotations

import dataclasses

import numpy as np

from ganfx.errors import OptionError
from ganfx.filters.base import Infer, Size, Strip, Values
from ganfx.filters.stylize import BLEED_RADIUS, NATIVE, SIDES
from ganfx.imaging.color import bleed, grey_from, lab_of, with_chroma
from ganfx.imaging.color_transfer import LinearTransfer
from ganfx.imaging.picture import Floats, Picture
from ganfx.spec import ModelSpec


def reduction(size: Size, options: Values) -> int:
    """By what integer factor the network's input is smaller than a picture of `size`, at least 1."""
    detail = options["detail"]
    return 1 if detail == NATIVE else max(1, round(max(size) / SIDES[detail]))


def prepare(picture: Picture, options: Values, spec: ModelSpec) -> Floats:
    """The picture's colors (H, W, 3) clipped to [0, 1]; visible colors spread into transparent areas."""
    rgb = np.clip(picture.rgb, 0, 1)
    return rgb if picture.alpha is None else bleed(rgb, picture.alpha, BLEED_RADIUS)


def transfer(small: Picture, options: Values, spec: ModelSpec, infer: Infer) -> LinearTransfer:
    """From the colors of the painting of `small` to those of the palette. Raises OptionError."""
    if options["keep_color"]:
        raise OptionError("keep_color leaves a palette nothing to do", hint="leave one of them out")
    painting = np.clip(infer(prepare(small, options, spec)), 0, 1)
    return LinearTransfer.between(lab_of(painting), lab_of(options["palette"].rgb))


def finish(output: Floats, strip: Strip, options: Values, spec: ModelSpec) -> Picture:
    """The network's output, in the palette's colors where there is one, mixed with the photograph in CIELAB.

    With `keep_color`, only its lightness is taken.
    """
    source = strip.picture.rows(strip.above, strip.picture.height - strip.below)
    rgb = np.clip(output, 0, 1)
    if options["palette"] is not None:
        painted = options["palette"](lab_of(rgb))
        rgb = with_chroma(grey_from(np.clip(painted[..., 0], 0, 100)), painted[..., 1:])
    if options["strength"] < 1 or options["keep_color"]:
        rgb = _mixed(source.rgb, rgb, options)
    return dataclasses.replace(source, rgb=rgb, info=dataclasses.replace(source.info, grey=False))


def _mixed(photo: Floats, painting: Floats, options: Values) -> Floats:
    own, painted = lab_of(photo), lab_of(painting)
    if options["keep_color"]:
        painted[..., 1:] = own[..., 1:]
    mixed = own + np.float32(options["strength"]) * (painted - own)
    return with_chroma(grey_from(mixed[..., 0]), mixed[..., 1:])
