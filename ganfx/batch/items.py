"""The items of a batch: which file each result is written to, decided before the batch starts."""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganfx.batch.inputs import Input, followed
from ganfx.errors import OptionError
from ganfx.files import WRITABLE, MaskSource

# Fields of templates for names; ext includes its dot.
FIELDS = ("stem", "model", "scale", "ext", "filter", "suffix")
# Default templates: beside the source, and in another folder.
_BESIDE, _APART = "{stem}_{suffix}{ext}", "{stem}{ext}"


@dataclass(frozen=True)
class Item:
    """One picture and what to write for it.

    mask: where its mask is, for a filter that needs one.
    mask_target: where a mask that a filter finds is saved; None does not keep it.
    inside: the picture's folder, relative to the folder named by the user.
    home: the folder whose journal records the result.
    below: the folder that the user named, below which `target` was given its place: no link is followed on the way;
        None where the user named the target itself.
    mask_below: the same for `mask_target`.
    """

    source: Path
    target: Path
    mask: MaskSource | None = None
    mask_target: Path | None = None
    inside: Path = Path()
    home: Path = Path()
    below: Path | None = None
    mask_below: Path | None = None


@dataclass(frozen=True)
class Naming:
    """How results are named.

    values: the fields that are the same for all results (model, scale, filter, suffix).
    template: made of `FIELDS`; None keeps the source's name in another folder, and adds the suffix beside the source.
    extension: the suffix of the result of a source, with its dot.
    """

    values: Mapping[str, str]
    template: str | None = None
    extension: Callable[[Path], str] = lambda path: path.suffix

    def name(self, source: Path, folder: Path) -> str:
        """The name of the result of `source` in `folder`. Raises OptionError for a field without one value."""
        apart = followed(folder) != followed(source.parent)
        template = self.template or (_APART if apart else _BESIDE)
        values = {name: value.replace("/", "-").replace("\\", "-") for name, value in self.values.items()}
        try:
            return template.format(**values, stem=source.stem, ext=self.extension(source))
        except KeyError as error:
            raise OptionError(f"--name: {{{error.args[0]}}} is not the same for all pictures here") from error


def check_template(template: str) -> None:
    """Raises OptionError where `template` cannot name results."""
    try:
        parts = list(string.Formatter().parse(template))
        name = template.format(**dict.fromkeys(FIELDS, "x") | {"ext": ".png"})
    except (KeyError, IndexError):
        unknown = next(field for _, field, _, _ in parts if field is not None and field not in FIELDS)
        known = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise OptionError(f"--name: there is no field {{{unknown}}}", hint=f"there are {known}") from None
    except (ValueError, AttributeError) as error:
        raise OptionError(f"--name: {template!r} is no template: {error}", hint=f"as in {_BESIDE!r}") from error
    if "/" in template or os.sep in template:
        raise OptionError(f"--name: {template!r} is a path, not a name", hint="-o says the folder")
    if Path(name).suffix.lower() not in WRITABLE or name.startswith("."):
        raise OptionError(f"--name: {template!r} gives no picture's name", hint=f"end it with {{ext}}: {_BESIDE!r}")


def assign_targets(inputs: Sequence[Input], output: Path | None, naming: Naming, *, into_folder: bool) -> list[Item]:
    """Give each input its own target: beside it, the file `output`, or its place in the folder `output`.

    Raises OptionError where two results would share a file, or a result would replace an input.
    """
    items = [
        _item(picture, output if into_folder else None, naming, None if into_folder else output) for picture in inputs
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


def _item(picture: Input, folder: Path | None, naming: Naming, file: Path | None) -> Item:
    if file is not None:
        return Item(picture.path, file, inside=picture.inside, home=file.parent)
    place = picture.path.parent if folder is None else folder / picture.inside
    target = place / naming.name(picture.path, place)
    home = place if folder is None else folder
    below = folder or picture.root or place
    return Item(picture.path, target, inside=picture.inside, home=home, below=below)
