"""The items of a batch: which file each result is written to, decided before the batch starts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ganfx.batch.homes import Home
from ganfx.batch.inputs import Input
from ganfx.batch.name_template import APART, BESIDE, NameTemplate
from ganfx.batch.records import followed
from ganfx.errors import OptionError
from ganfx.files import MaskSource


@dataclass(frozen=True)
class ContactSheet:
    """What a contact sheet shows beside the picture.

    candidates: how many results were asked for.
    shown: those that were made; empty where one of them is missing.
    """

    candidates: int
    shown: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Item:
    """One picture and what to write for it.

    mask: where its mask is, for a filter that needs one.
    mask_target: where a mask that a filter finds is saved; None does not keep it.
    inside: the picture's folder, relative to the folder named by the user.
    home: the folder whose journal records the result; mask_home: the same for `mask_target`.
    below: the folder that the user named, below which `target` was given its place: no link is followed on the way;
        None where the user named the target itself.
    mask_below: the same for `mask_target`.
    frame: which frame of an animation is wanted, counted from 1; None: all of them.
    candidate: which of several results for the picture this is, counted from 0: it is added to the seed.
    sheet: for a contact sheet of the others: what it shows.
    """

    source: Path
    target: Path
    mask: MaskSource | None = None
    mask_target: Path | None = None
    inside: Path = Path()
    home: Home = field(default_factory=lambda: Home(Path()))
    mask_home: Home | None = None
    below: Path | None = None
    mask_below: Path | None = None
    frame: int | None = None
    candidate: int = 0
    sheet: ContactSheet | None = None


@dataclass(frozen=True)
class Naming:
    """How results are named.

    values: the fields that are the same for all results (model, scale, filter, suffix).
    template: None keeps the source's name in another folder, and adds the suffix beside the source.
    extension: the suffix of the result of a source, with its dot.
    frame: the frame of animations that is wanted, which then ends the stem; None: all of them.
    candidates: how many results there are for each picture. Those of several are numbered from 1: where the template
        says so, or at the name's end.
    """

    values: Mapping[str, str]
    template: NameTemplate | None = None
    extension: Callable[[Path], str] = lambda path: path.suffix
    frame: int | None = None
    candidates: int = 1

    def name(self, source: Path, folder: Path, candidate: int = 0) -> str:
        """The name of the result of `source` in `folder`. Raises OptionError for a field without one value."""
        apart = followed(folder) != followed(source.parent)
        template = self.template or NameTemplate(APART if apart else BESIDE)
        try:
            stem = source.stem if self.frame is None else f"{source.stem}_frame{self.frame}"
            own = {"stem": stem, "ext": self.extension(source), "candidate": str(candidate + 1)}
            name = template.fill({**self.values, **own})
            return name if "{candidate}" in template else self.numbered(Path(name), candidate).name
        except KeyError as error:
            message = f"name {str(template)!r}: {{{error.args[0]}}} is not the same for all pictures here"
            raise OptionError(message, hint="leave that field out") from error

    def numbered(self, path: Path, candidate: int) -> Path:
        """`path` with the number of the candidate before its suffix, where there are several."""
        return path if self.candidates == 1 else path.with_name(f"{path.stem}-{candidate + 1}{path.suffix}")


def assign_targets(inputs: Sequence[Input], output: Path | None, naming: Naming, *, into_folder: bool) -> list[Item]:
    """Give each candidate of each input its own target: beside it, the file `output`, or in the folder `output`.

    Raises OptionError where two results would share a file, or a result would replace an input.
    """
    folder, file = (output, None) if into_folder else (None, output)
    items = [
        _item(picture, folder, naming, file, candidate) for picture in inputs for candidate in range(naming.candidates)
    ]
    sources = {followed(picture.path) for picture in inputs}
    taken: dict[str, Path] = {}
    for item in items:
        target = followed(item.target)
        if target in sources:
            raise OptionError(
                f"{item.target}: the result of {item.source} would replace an input", hint="choose another -o"
            )
        other = taken.setdefault(os.path.normcase(target), item.source)
        if other != item.source:
            raise OptionError(
                f"{item.source} and {other} would both become {item.target}",
                hint="run them one by one, or give --name a field in which they differ",
            )
    return items


def _item(picture: Input, folder: Path | None, naming: Naming, file: Path | None, candidate: int) -> Item:
    if file is not None:
        target, home = naming.numbered(file, candidate), Home(file.parent, beside=True)
        return Item(picture.path, target, inside=picture.inside, home=home, frame=naming.frame, candidate=candidate)
    place = picture.path.parent if folder is None else folder / picture.inside
    target = place / naming.name(picture.path, place, candidate)
    home = Home(place, beside=True) if folder is None else Home(folder)
    below = folder or picture.root or place
    return Item(
        picture.path,
        target,
        inside=picture.inside,
        home=home,
        below=below,
        frame=naming.frame,
        candidate=candidate,
    )
