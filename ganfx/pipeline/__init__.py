"""Pictures through filters: in memory as a whole (`apply`), or streamed in strips.

`load_filter` binds a filter to its options and networks. `stream` runs one that works on the whole picture,
`find_mask`, `certain`, `find_regions` and `retouch` one that works on masked pixels, and `apply_step` either. A `Chain`
is several filters, one after another: parsed from text (`parse_steps`, `load_chain`) or chosen for each picture
(`load_auto`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganfx.engine import EngineOptions, PixelProgress
from ganfx.imaging.picture import Mask, Picture
from ganfx.pipeline.auto import load_auto
from ganfx.pipeline.bound_filter import BoundFilter
from ganfx.pipeline.chain import Chain, Chooser, apply_step, assemble
from ganfx.pipeline.loading import check_filter, load_filter
from ganfx.pipeline.overview import framed
from ganfx.pipeline.part import apply_to_part
from ganfx.pipeline.retouching import (
    MaskedRegions,
    certain,
    find_mask,
    find_regions,
    found_notes,
    has_choices,
    retouch,
    shares_found,
)
from ganfx.pipeline.source import Source
from ganfx.pipeline.steps import Step, as_step, load_chain, parse_steps
from ganfx.pipeline.streaming import stream

__all__ = [
    "BoundFilter",
    "Chain",
    "Chooser",
    "EngineOptions",
    "MaskedRegions",
    "PixelProgress",
    "Source",
    "Step",
    "apply",
    "apply_to_part",
    "as_step",
    "assemble",
    "certain",
    "check_filter",
    "find_mask",
    "find_regions",
    "found_notes",
    "has_choices",
    "load_auto",
    "load_chain",
    "load_filter",
    "parse_steps",
    "retouch",
    "shares_found",
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
    """`picture` through the filter called `filter`; `options` are the filter's own.

    mask     (H, W) in [0, 1], 1 = fill, for filters that retouch; None where the filter finds it itself. Pixels where
             it is 0 stay bit for bit
    opaque   make filled pixels opaque; otherwise a retouch keeps alpha
    model    the name of a model, or the path of an ONNX file; None: the default one
    finder   the same, for the model that makes the mask
    engine   provider, precision, tiles; None: chosen automatically

    Raises OptionError, MaskError, ModelError or EngineError.
    """
    bound = load_filter(filter, options, model=model, finder=finder, engine=engine or EngineOptions())
    bound = framed([picture], bound, lambda pixels: None)
    given = None if mask is None else np.asarray(mask, np.float32)
    return assemble(
        apply_step(picture, bound, mask=given, opaque=opaque), bound.output_size((picture.width, picture.height))
    )
