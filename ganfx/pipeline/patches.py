"""BoundFilter on masked places alone: what must be seen of each -> fill, with the engine at hand -> patches."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ganfx.errors import MaskError, OptionError
from ganfx.filters import Region, Retouch
from ganfx.imaging.picture import Floats, Mask, Patch, Picture
from ganfx.pipeline.bound_filter import BoundFilter, PixelProgress, Source


@dataclass(frozen=True)
class Holes:
    """Where a picture is retouched: the mask to go by, and its regions; none where there is nothing to do."""

    mask: Mask
    regions: list[Region]


def find_mask(source: Source, work: BoundFilter, progress: PixelProgress | None = None) -> Mask:
    """What the filter itself finds to be filled in `source`. Raises OptionError where it does not look."""
    finder = work.filter.finder
    if finder is None or work.finder is None:
        raise OptionError(f"{work.filter.name} needs a mask", hint="say what to fill: white in the mask")

    def read(top: int, bottom: int) -> Floats:
        return np.clip(source.rows(top, bottom).rgb, 0, 1)

    rows = list(work.finder.stream(read, source.height, source.width, progress))
    return finder.mask(np.concatenate(rows)[..., 0], work.values)


def find_holes(source: Source, mask: Mask, work: BoundFilter) -> Holes:
    """What of `source` the filter will fill, given the user's mask.

    Raises MaskError where the mask is not the picture's or leaves nothing of it, OptionError where the filter takes
    none.
    """
    filter_retouch = _retouch_of(work)
    if mask.shape != (source.height, source.width):
        given = "x".join(map(str, mask.shape[::-1]))
        raise MaskError(f"mask is {given}, image is {source.width}x{source.height}", hint="make them the same size")
    if mask.max() > 1 or mask.min() < 0:
        raise MaskError(f"mask values are {mask.min():g} to {mask.max():g}, not 0 to 1", hint="divide by the largest")
    used = filter_retouch.mask(mask, work.values)
    if not used.any():
        return Holes(used, [])
    if used.all():
        raise MaskError("the mask leaves nothing of the picture to go by", hint="white is filled, black is kept")
    return Holes(used, filter_retouch.regions(used, work.values))


def retouch(
    source: Source, holes: Holes, work: BoundFilter, progress: PixelProgress | None = None, *, opaque: bool = False
) -> Iterator[Patch]:
    """The patches that fill `holes`, in the order of their boxes' tops, each made when it is asked for.

    `progress` is told, of the picture's pixels, the share of the holes that are filled. Alpha stays as it is, or with
    `opaque` becomes 1 where something is filled, what was seen through the old alpha lying over the filling.
    """
    sizes = [int(np.count_nonzero(region.own)) for region in holes.regions]
    area, done = source.width * source.height, 0
    for region, size in zip(holes.regions, sizes, strict=True):
        # Told before too, while the network runs: the listener may want to interrupt.
        yield _patch(source, holes, region, work, _telling(progress, area * done // sum(sizes)), opaque)
        done += size
        _telling(progress, area * done // sum(sizes))(0)


def _retouch_of(work: BoundFilter) -> Retouch:
    if work.filter.retouch is None:
        raise OptionError(f"{work.filter.name} takes no mask", hint="it works on the whole picture")
    return work.filter.retouch


def _telling(progress: PixelProgress | None, pixels: int) -> PixelProgress:
    """A listener for the engine that passes on `pixels`, whatever it hears."""
    return lambda _: progress(pixels) if progress else None


def _patch(source: Source, holes: Holes, region: Region, work: BoundFilter, told: PixelProgress, opaque: bool) -> Patch:
    crop, mask = source.crop(region.box), holes.mask[region.box.window]

    def infer(image: Floats) -> Floats:
        return work.engine.run(image, told)

    filled = _retouch_of(work).fill(crop, mask, work.values, work.engine.spec, infer)
    changed, weight, alpha = region.own > 0, region.own, crop.alpha
    if opaque and alpha is not None:
        weight = np.where(changed, np.maximum(weight, 1 - alpha), 0)
        alpha = np.where(changed, np.float32(1), alpha)
    rgb = crop.rgb * (1 - weight[..., None]) + filled.rgb * weight[..., None]
    return Patch(region.box, dataclasses.replace(crop, rgb=rgb, alpha=alpha), changed)


def patched(picture: Picture, patches: Iterator[Patch]) -> Picture:
    rgb, alpha = picture.rgb.copy(), None if picture.alpha is None else picture.alpha.copy()
    for patch in patches:
        rgb[patch.box.window][patch.changed] = patch.picture.rgb[patch.changed]
        if alpha is not None and patch.picture.alpha is not None:
            alpha[patch.box.window][patch.changed] = patch.picture.alpha[patch.changed]
    return dataclasses.replace(picture, rgb=rgb, alpha=alpha)
