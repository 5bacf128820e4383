"""A chain on a part of a picture alone, to be looked at before the whole is made."""

from __future__ import annotations

from ganfx.engine import PixelProgress
from ganfx.imaging.picture import Box, Mask, Picture
from ganfx.pipeline.chain import Chain, apply_step, assemble
from ganfx.pipeline.overview import overview_part
from ganfx.pipeline.source import Source


def apply_to_part(
    source: Source, chain: Chain, box: Box, progress: PixelProgress | None = None, *, mask: Mask | None = None
) -> Picture:
    """What `chain` makes of the part of `source` in `box`; there must be a step.

    It is enlarged as often as the whole would be. At the part's edges, and where a filter looks far around, it may
    differ from that part of the whole result. mask: (H, W) in [0, 1] of the whole picture, for steps that take one.
    `progress` is told pixels of the part, for each step from 0. Raises what `Chain.stream` does.
    """
    size, piece = (source.width, source.height), None
    inside = None if mask is None else mask[box.window]
    for bound in chain.filters:
        given = source.crop(box) if piece is None else piece
        if bound.filter.overview and piece is None:
            piece = overview_part(source, bound, box, progress or (lambda pixels: None))
        else:
            step = bound.on_canvas(size)
            pieces = apply_step(given, step, progress, mask=inside if bound.filter.takes_mask else None)
            piece = assemble(pieces, step.output_size((given.width, given.height)))
        size = bound.output_size(size)
    assert piece is not None
    return piece
