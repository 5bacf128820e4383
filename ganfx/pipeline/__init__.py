"""The corridor: a picture in memory, or one that is streamed through, on its way through a filter and its network.

A filter's flow, or what it makes of an overview, maps the whole picture (`stream`). A filter's retouch changes masked
places alone (`find_holes`, `retouch`), which the user marks or the filter finds (`find_mask`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganfx.engine import EngineOptions
from ganfx.picture import Mask, Picture
from ganfx.pipeline.flows import stream
from ganfx.pipeline.patches import Holes, find_holes, find_mask, patched, retouch
from ganfx.pipeline.work import Progress, Source, Work, plan

__all__ = ["Holes", "Progress", "Source", "Work", "apply", "find_holes", "find_mask", "plan", "retouch", "stream"]


def apply(
    picture: Picture,
    filter: str,
    *,
    mask: Mask | None = None,
    opaque: bool = False,
    model: str | None = None,
    finder: str | None = None,
    engine: EngineOptions | None = None,
    **options: Any,
) -> Picture:
    """`picture` through the filter called `filter`, by the default model, a named one, or an ONNX file.

    mask (H, W) in [0, 1], 1 = fill, is for filters that retouch, and may be left out where the filter finds it:
    pixels outside come back as they are, and alpha too unless `opaque`. `finder` names the model that finds.
    Raises OptionError, MaskError, ModelError or EngineError.
    """
    work = plan(filter, options, model=model, finder=finder, engine=engine or EngineOptions())
    if mask is None and work.finder:
        mask = find_mask(picture, work)
    if mask is not None:
        holes = find_holes(picture, np.asarray(mask, np.float32), work)
        return patched(picture, retouch(picture, holes, work, opaque=opaque))
    pieces = list(stream(picture, work))
    alphas = [piece.alpha for piece in pieces if piece.alpha is not None]
    alpha = np.concatenate(alphas) if alphas else None
    return Picture(np.concatenate([piece.rgb for piece in pieces]), alpha, pieces[0].look)
