"""Sources of masks: drawn by kind, or from a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ganfx.errors import MaskError, OptionError
from ganfx.evaluation.masks import KINDS, draw_mask
from ganfx.evaluation.protocol import Sample, check_names, middle
from ganfx.files import is_picture, open_reader, read_mask
from ganfx.imaging.picture import Mask

# From a sample, and the height and width of its crop, to a mask of 0 and 1.
MaskSource = Callable[[Sample, tuple[int, int]], Mask]

_ROLE = re.compile(r"(image|mask)s?", re.IGNORECASE)


def drawn(kinds: Sequence[str]) -> dict[str, MaskSource]:
    """Masks drawn for each picture, by kind. Raises OptionError where one is none of `KINDS`."""
    check_names(kinds, KINDS, "kind of mask")
    return {kind: _drawn(kind) for kind in kinds}


def _drawn(kind: str) -> MaskSource:
    return lambda sample, shape: draw_mask(kind, *shape, sample.name)


class MaskFolder:
    """The masks in a folder, white = fill, or black with `invert`; grey is rounded.

    A mask has its picture's name, with or without the word mask in it or instead of image: images_7.png has
    images_7.png, masks_7.png or images_7_mask.png. Raises OptionError where the folder has none.
    """

    def __init__(self, folder: Path, *, invert: bool = False, max_side: int) -> None:
        found = [path.resolve() for path in sorted(folder.iterdir()) if is_picture(path)] if folder.is_dir() else []
        if not found:
            raise OptionError(f"{folder}: no masks there", hint="a mask is a picture with its picture's name")
        # Pictures and masks may share a folder, if the masks' names say "mask".
        self.paths = [path for path in found if _is_mask(path)] or found
        self.by_key = {_key(path): path for path in self.paths}
        self.name, self.invert, self.max_side = folder.resolve().name, invert, max_side

    def __call__(self, sample: Sample, shape: tuple[int, int]) -> Mask:
        """Raises MaskError where there is none for the sample, or of another size."""
        path = self.by_key.get(_key(sample.path))
        if path is None:
            raise MaskError("has no mask")
        with open_reader(sample.path) as reader:
            size = reader.width, reader.height
        white = middle(read_mask(path, size), max_side=self.max_side) > 0.5
        return np.asarray(white != self.invert, np.float32)


def _is_mask(path: Path) -> bool:
    return "mask" in path.stem.lower()


def _key(path: Path) -> str:
    """The part of the name that a picture and its mask share."""
    return _ROLE.sub("", path.stem).strip("_-. ")
