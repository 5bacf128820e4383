"""The corridor: a picture in memory, or one that is streamed through, on its way through a filter and its network.

A filter's flow, or what it makes of an overview, maps the whole picture (`stream`). A filter's retouch changes masked
places alone (`find_holes`, `retouch`), which the user marks or the filter finds (`find_mask`). Several filters, one
after another, are a `Chain`, written as steps (`parse_steps`, `plan_chain`) or chosen for each picture (`plan_auto`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganfx.engine import EngineOptions
from ganfx.picture import Mask, Picture
from ganfx.pipeline.auto import plan_auto
from ganfx.pipeline.chain import Chain, Chooser, done, gathered
from ganfx.pipeline.flows import stream
from ganfx.pipeline.patches import Holes, find_holes, find_mask, retouch
from ganfx.pipeline.steps import Step, as_step, parse_steps, plan_chain
from ganfx.pipeline.work import Progress, Source, Work, plan

__all__ = [
    "Chain",
    "Chooser",
    "EngineOptions",
    "Holes",
    "Progress",
    "Source",
    "Step",
    "Work",
    "apply",
    "as_step",
    "find_holes",
    "find_mask",
    "gathered",
    "parse_steps",
    "plan",
    "plan_auto",
    "plan_chain",
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
    work = plan(filter, options, model=model, finder=finder, engine=engine or EngineOptions())
    given = None if mask is None else np.asarray(mask, np.float32)
    return gathered(done(picture, work, mask=given, opaque=opaque), work.output_size(picture))
