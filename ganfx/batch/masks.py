"""Which mask belongs to which picture of a batch, decided before it starts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from ganfx.batch.homes import Home
from ganfx.batch.inputs import Input
from ganfx.batch.items import Item
from ganfx.batch.records import followed
from ganfx.errors import OptionError
from ganfx.files import MaskSource


def without_mask(inputs: Sequence[Input], masks: MaskSource) -> list[Input]:
    """`inputs` without the mask file, which a folder may contain; a single picture that is its own mask stays."""
    rest = [picture for picture in inputs if not _same(picture.path, masks.path)]
    return rest or list(inputs)


def assign_masks(items: Sequence[Item], masks: MaskSource, is_picture: Callable[[Path], bool]) -> list[Item]:
    """Give each item its mask: `masks` itself or, where that is a folder, the file with the picture's name in it.

    Sub-folders of masks mirror those of pictures. A file with the picture's own suffix is preferred to others; an item
    without a file gets no mask. Raises OptionError where the file or folder is missing or is the pictures' own, or a
    result would replace a mask.
    """
    if masks.path is not None and not masks.path.exists():
        raise OptionError(f"there is no mask {masks.path}", hint="check the name")
    assigned = [dataclasses.replace(item, mask=_mask_of(item, masks, is_picture)) for item in items]
    taken = {followed(item.mask.path) for item in assigned if item.mask and item.mask.path}
    for item in assigned:
        if followed(item.target) in taken:
            raise OptionError(f"{item.target}: a result would replace a mask", hint="choose another -o")
    return assigned


def assign_mask_targets(items: Sequence[Item], output: Path, several: bool) -> list[Item]:
    """Give each item the file to save the found mask to: `output`, or {stem}.png in it where that is a folder.

    Raises OptionError where a mask would replace a picture or another mask.
    """
    into_folder = several or output.is_dir() or not output.suffix
    assigned = [
        dataclasses.replace(
            item,
            mask_target=output / item.inside / f"{item.source.stem}.png" if into_folder else output,
            mask_below=output if into_folder else None,
            mask_home=Home(output) if into_folder else Home(output.parent, beside=True),
        )
        for item in items
    ]
    taken = {followed(path) for item in items for path in (item.source, item.target)}
    for item in assigned:
        assert item.mask_target is not None
        place = followed(item.mask_target)
        if place in taken:
            raise OptionError(f"{item.mask_target}: a mask would replace another file", hint="choose another folder")
        taken.add(place)
    return assigned


def _mask_of(item: Item, masks: MaskSource, is_picture: Callable[[Path], bool]) -> MaskSource | None:
    if masks.path is None or not masks.path.is_dir():
        return masks
    source, folder = item.source, masks.path / item.inside
    if _same(source.parent, folder):
        raise OptionError(f"{folder}: the masks lie among the pictures", hint="put them into a folder of their own")
    there = folder.iterdir() if folder.is_dir() else ()
    named = sorted(path for path in there if path.stem == source.stem and is_picture(path))
    if not named:
        return None
    own = folder / source.name
    return dataclasses.replace(masks, path=own if own in named else named[0])


def _same(path: Path, other: Path | None) -> bool:
    return other is not None and followed(path) == followed(other)
