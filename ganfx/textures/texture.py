"""A texture of any size from one example: pixels copied, so that their grain stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ganfx.errors import OptionError, PictureSizeError
from ganfx.imaging.picture import Box, Floats, Picture
from ganfx.textures.example import Bools, levels_of
from ganfx.textures.synthesis import Synthesis

# Sides of examples, in pixels; of larger ones the middle is taken.
LEAST_EXAMPLE, LARGEST_EXAMPLE = 64, 1024
# Sides of textures.
LEAST_SIDE, LARGEST_SIDE = 16, 16384
SEEDS = 2**31 - 1
# An example whose colors differ less than a step of 8 bits has no texture.
FLAT = 1 / 255


@dataclass(frozen=True)
class Texture:
    """A texture that is made while it is read.

    strips   its rows from the top down, each a picture of the whole width
    notes    sentences for the user about what was not used
    """

    strips: Iterator[Picture]
    notes: tuple[str, ...]


def texture_of(example: Picture, size: tuple[int, int], seed: int = 0, usable: Bools | None = None) -> Texture:
    """A seamless texture of `size` (width, height) made of pixels of `example`; the same for the same seed.

    Only pixels that are `usable` (H, W) and not wholly transparent are taken. Raises OptionError where the size or the
    seed is out of range, PictureSizeError where the example is too small, or has no texture.
    """
    _check(size, seed)
    if min(example.width, example.height) < LEAST_EXAMPLE:
        given = f"{example.width}x{example.height}"
        raise PictureSizeError(f"{given} is too small for an example", hint=f"{LEAST_EXAMPLE} pixels a side will do")
    box = _middle(example)
    notes: tuple[str, ...] = ()
    if (box.width, box.height) != (example.width, example.height):
        notes = (f"the middle {box.width}x{box.height} of the example is used; choose another part with --box",)
    example = example.crop(box)
    taken = np.ones((example.height, example.width), np.bool_) if usable is None else usable[box.window]
    if example.alpha is not None:
        taken = taken & (example.alpha > 0)
    return Texture(_strips(example, taken, size, seed), notes)


def _check(size: tuple[int, int], seed: int) -> None:
    if not all(LEAST_SIDE <= side <= LARGEST_SIDE for side in size):
        raise OptionError(
            f"size: {size[0]}x{size[1]} is out of range", hint=f"{LEAST_SIDE} to {LARGEST_SIDE} pixels a side"
        )
    if not 0 <= seed <= SEEDS:
        raise OptionError(f"seed: {seed} is not between 0 and {SEEDS}")


def _middle(example: Picture) -> Box:
    width, height = (min(side, LARGEST_EXAMPLE) for side in (example.width, example.height))
    left, top = (example.width - width) // 2, (example.height - height) // 2
    return Box(left, top, left + width, top + height)


def _strips(example: Picture, usable: Bools, size: tuple[int, int], seed: int) -> Iterator[Picture]:
    colors = example.rgb[usable]
    if not len(colors) or float((colors.max(0) - colors.min(0)).max()) < FLAT:
        raise PictureSizeError("the example is flat: there is no texture in it", hint="choose a part with some grain")
    levels = levels_of(_opaque(example), usable, np.random.default_rng(seed))
    if not levels or levels[-1].spacing > 1:
        raise PictureSizeError("the mask leaves no part that is large enough for an example", hint="mark a larger part")
    return _copied(example, Synthesis(levels, size, seed))


def _opaque(example: Picture) -> Floats:
    """The colors, with what is transparent darker, so that shapes are compared, too."""
    return example.rgb if example.alpha is None else np.asarray(example.rgb * example.alpha[..., None], np.float32)


def _copied(example: Picture, synthesis: Synthesis) -> Iterator[Picture]:
    for sources in synthesis.strips():
        rows, columns = sources[..., 0], sources[..., 1]
        alpha = None if example.alpha is None else example.alpha[rows, columns]
        yield dataclasses.replace(example, rgb=example.rgb[rows, columns], alpha=alpha)
