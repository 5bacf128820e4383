"""What a batch will do, decided before it begins: which files, and where each result goes."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganfx.errors import OptionError
from ganfx.files import MaskSource


@dataclass(frozen=True)
class Item:
    """One picture to read, the file to write for it, where its mask is, if it has one, and where a mask that is
    found is to be saved."""

    source: Path
    target: Path
    mask: MaskSource | None = None
    mask_target: Path | None = None


def find_sources(names: Sequence[str], is_picture: Callable[[Path], bool]) -> list[Path]:
    """The files that `names` stand for: files as they are, folders by the pictures in them, patterns expanded.

    Folders leave out hidden files and what is no picture. A name that stands for nothing is kept, so that it
    fails in its turn and by its name. Raises OptionError for a folder without pictures.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found += _pictures_in(path, is_picture)
        elif not path.exists() and glob.has_magic(name):
            found += [Path(match) for match in sorted(glob.glob(name))] or [path]
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _pictures_in(folder: Path, is_picture: Callable[[Path], bool]) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    pictures = [path for path in files if is_picture(path)]
    if not pictures:
        raise OptionError(f"{folder}: no pictures in this folder", hint=f"{len(files)} files, none a readable picture")
    return pictures


def assign_targets(
    sources: Sequence[Path], output: Path | None, suffix: str, extension: Callable[[Path], str], into_folder: bool
) -> list[Item]:
    """Give each source its own target.

    Without `output` that is `{stem}{suffix}{extension}` beside the source; in an output folder the name stays,
    where it is free. Raises OptionError where two results would share one file, or one would replace a source.
    """
    items = [Item(source, _target(source, output, suffix, extension(source), into_folder)) for source in sources]
    inputs = {source.resolve() for source in sources}
    taken: dict[Path, Path] = {}
    for item in items:
        target = item.target.resolve()
        if target in inputs:
            raise OptionError(
                f"{item.target}: the result of {item.source} would replace an input", hint="choose another -o"
            )
        if target in taken:
            raise OptionError(
                f"{item.source} and {taken[target]} would both become {item.target}", hint="run them one by one"
            )
        taken[target] = item.source
    return items


def _target(source: Path, output: Path | None, suffix: str, extension: str, into_folder: bool) -> Path:
    if output is None:
        return source.with_name(source.stem + suffix + extension)
    if not into_folder:
        return output
    name = source.stem + extension
    if output.resolve() == source.parent.resolve():
        name = source.stem + suffix + extension
    return output / name
