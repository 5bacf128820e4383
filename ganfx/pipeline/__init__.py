"""The corridor: a picture in memory, or one that is streamed through, on its way through a filter and its network.

A filter's flow, or what it makes of an overview, maps the whole picture (`stream`). A filter's retouch changes masked
places alone (`find_holes`, `retouch`), which the user marks or the filter finds (`find_mask`). Several filters, one
after another, are a `Chain`, written as steps (`parse_steps`, `load_chain`) or chosen for each picture (`load_auto`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganfx.engine import EngineOptions
from ganfx.imaging.picture import Mask, Picture
from ganfx.pipeline.auto import load_auto
from ganfx.pipeline.bound_filter import BoundFilter, PixelProgress, Source, check_filter, load_filter
from ganfx.pipeline.chain import Chain, Chooser, apply_step, assemble
from ganfx.pipeline.patches import Holes, find_holes, find_mask, retouch
from ganfx.pipeline.steps import Step, as_step, load_chain, parse_steps
from ganfx.pipeline.streaming import stream

__all__ = [
    "BoundFilter",
    "Chain",
    "Chooser",
    "EngineOptions",
    "Holes",
    "PixelProgress",
    "Source",
    "Step",
    "apply",
    "as_step",
    "assemble",
    "check_filter",
    "find_holes",
    "find_mask",
    "load_auto",
    "load_chain",
    "load_filter",
    "parse_steps",
    "retouch",
    "stream",
]


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
    work = load_filter(filter, options, model=model, finder=finder, engine=engine or EngineOptions())
    given = None if mask is None else np.asarray(mask, np.float32)
    return assemble(apply_step(picture, work, mask=given, opaque=opaque), work.output_size(picture))
