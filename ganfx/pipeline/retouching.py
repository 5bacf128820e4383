"""A bound filter on masked pixels alone: mask -> regions -> fill, with the engine at hand -> patches."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ganfx.engine import Engine, PixelProgress
from ganfx.errors import MaskError, OptionError
from ganfx.filters import CERTAIN, Region, Retouch
from ganfx.imaging.picture import Floats, Mask, Patch, Picture
from ganfx.pipeline.bound_filter import BoundFilter
from ganfx.pipeline.source import Source


@dataclass(frozen=True)
class MaskedRegions:
    """What of a picture is retouched.

    mask      (H, W) in [0, 1], as the filter prepared it: 1 = fill, 0 = keep, values between blend
    regions   what is filled in one call each; empty where nothing is masked
    """

    mask: Mask
    regions: list[Region]


def find_mask(source: Source, bound: BoundFilter, progress: PixelProgress | None = None) -> Mask:
    """What the filter's finder finds in `source`: levels (H, W), CERTAIN, DOUBTFUL or 0; see `certain`.

    Raises OptionError where it has none.
    """
    finder = bound.filter.finder
    if finder is None or bound.finder is None:
        raise OptionError(f"{bound.filter.name} needs a mask", hint="say what to fill: white in the mask")

    if source.width * source.height < finder.small:
        return finder.mask(_enlarged_probability(source, bound.finder, progress), bound.values)

    def read(top: int, bottom: int) -> Floats:
        return np.clip(source.rows(top, bottom).rgb, 0, 1)

    rows = list(bound.finder.stream(read, source.height, source.width, progress))
    return finder.mask(np.concatenate(rows)[..., 0], bound.values)


def _enlarged_probability(source: Source, finder: Engine, progress: PixelProgress | None) -> Floats:
    """What the finder says (H, W) of a small picture, seen at twice its width and height."""
    size = source.width, source.height
    enlarged = cv2.resize(source.rows(0, source.height).rgb, (2 * size[0], 2 * size[1]), interpolation=cv2.INTER_CUBIC)
    told = (lambda pixels: progress(pixels // 4)) if progress else None
    likely = finder.run(np.clip(enlarged, 0, 1), told)[..., 0]
    return np.asarray(cv2.resize(likely, size, interpolation=cv2.INTER_AREA))


def certain(levels: Mask) -> Mask:
    """The mask (H, W) of 0 and 1 to be filled, where levels (H, W) say what was found."""
    return np.asarray(levels >= CERTAIN, np.float32)


def shares_found(levels: Mask) -> dict[str, float]:
    """The shares of pixels that were found for certain and will be healed, and those that are only doubtful."""
    sure = float(np.mean(levels >= CERTAIN))
    return {"certain": sure, "doubtful": float(np.mean(levels > 0)) - sure}


def found_notes(filter_name: str, levels: Mask) -> tuple[str, ...]:
    """What was found, for the user: nothing where nothing is doubtful."""
    doubtful = shares_found(levels)["doubtful"]
    if not doubtful:
        return ()
    return (f"{filter_name}: {doubtful:.2%} of it is doubtful and left; --sensitivity 0.7 takes more",)


def checked_mask(mask: Mask, source: Source) -> Mask:
    """`mask` itself. Raises MaskError where it has another size than the picture, or values outside [0, 1]."""
    if mask.shape != (source.height, source.width):
        given = "x".join(map(str, mask.shape[::-1]))
        raise MaskError(f"mask is {given}, image is {source.width}x{source.height}", hint="make them the same size")
    if mask.max() > 1 or mask.min() < 0:
        raise MaskError(f"mask values are {mask.min():g} to {mask.max():g}, not 0 to 1", hint="divide by the largest")
    return mask


def find_regions(source: Source, mask: Mask, bound: BoundFilter) -> MaskedRegions:
    """The regions of `source` that the filter fills, given the user's mask (H, W) in [0, 1].

    Raises MaskError where the mask has another size than the picture, values outside [0, 1] or no pixel to keep, and
    OptionError where the filter takes no mask.
    """
    retouch_ = _retouch_of(bound)
    prepared = retouch_.mask(checked_mask(mask, source), bound.values)
    if not prepared.any():
        return MaskedRegions(prepared, [])
    if prepared.all():
        raise MaskError("the mask leaves nothing of the picture to go by", hint="white is filled, black is kept")
    return MaskedRegions(prepared, retouch_.regions(prepared, bound.values))


def has_choices(masked: MaskedRegions, bound: BoundFilter) -> bool:
    """Whether another seed fills some of `masked` in another way."""
    choices = _retouch_of(bound).choices
    return choices is not None and any(choices(masked.mask[region.box.window], region) for region in masked.regions)


def retouch(
    source: Source,
    masked: MaskedRegions,
    bound: BoundFilter,
    progress: PixelProgress | None = None,
    *,
    opaque: bool = False,
) -> Iterator[Patch]:
    """The patches that fill `masked`, one for each region and in their order, each computed when it is asked for.

    `progress` is told the share of the masked pixels that are filled, as a number of pixels of the picture. Alpha
    stays; with `opaque` it becomes 1 where something is filled, with the old colors composited over the filling.
    """
    bound = bound.resolved(source, _fixed(progress, 0))
    sizes = [int(np.count_nonzero(region.own)) for region in masked.regions]
    area, done = source.width * source.height, 0
    for region, size in zip(masked.regions, sizes, strict=True):
        # The same number again while the network runs, so that the listener may interrupt.
        yield _patch(source, masked, region, bound, _fixed(progress, area * done // sum(sizes)), opaque)
        done += size
        if progress:
            progress(area * done // sum(sizes))


def _retouch_of(bound: BoundFilter) -> Retouch:
    if bound.filter.retouch is None:
        raise OptionError(f"{bound.filter.name} takes no mask", hint="it works on the whole picture")
    return bound.filter.retouch


def _fixed(progress: PixelProgress | None, pixels: int) -> PixelProgress:
    """A listener for the engine that reports `pixels` whenever it is called."""
    return lambda _: progress(pixels) if progress else None


def _patch(
    source: Source, masked: MaskedRegions, region: Region, bound: BoundFilter, progress: PixelProgress, opaque: bool
) -> Patch:
    crop, mask = source.crop(region.box), masked.mask[region.box.window]

    def infer(image: Floats) -> Floats:
        return bound.run(image, progress)

    filled = _retouch_of(bound).fill(crop, mask, bound.values, bound.engine.spec, infer)
    changed, weight, alpha = region.own > 0, region.own, crop.alpha
    if opaque and alpha is not None:
        weight = np.where(changed, np.maximum(weight, 1 - alpha), 0)
        alpha = np.where(changed, np.float32(1), alpha)
    rgb = crop.rgb * (1 - weight[..., None]) + filled.rgb * weight[..., None]
    return Patch(region.box, dataclasses.replace(crop, rgb=rgb, alpha=alpha), changed)


def apply_patches(picture: Picture, patches: Iterator[Patch]) -> Picture:
    """A copy of `picture` with the changed pixels of `patches`."""
    rgb, alpha = picture.rgb.copy(), None if picture.alpha is None else picture.alpha.copy()
    for patch in patches:
        rgb[patch.box.window][patch.changed] = patch.picture.rgb[patch.changed]
        if alpha is not None and patch.picture.alpha is not None:
            alpha[patch.box.window][patch.changed] = patch.picture.alpha[patch.changed]
    return dataclasses.replace(picture, rgb=rgb, alpha=alpha)
