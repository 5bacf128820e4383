"""Which pictures the names that a user passes stand for: files, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganfx.batch.records import Records, peek, real
from ganfx.batch.wording import counted
from ganfx.errors import OptionError

IsPicture = Callable[[Path], bool]
_OPEN_JOURNALS = 8


@dataclass(frozen=True)
class Input:
    """One picture to read.

    root: the folder named by the user in which it was found; None for a picture that was named itself.
    inside: its folder relative to `root`; '.' without a root.
    """

    path: Path
    root: Path | None = None

    @property
    def inside(self) -> Path:
        return self.path.parent.relative_to(self.root) if self.root else Path()


def find_inputs(
    names: Sequence[str], is_picture: IsPicture, *, recursive: bool = False, leave_out: Path | None = None
) -> list[Input]:
    """The files that `names` stand for, each once: files themselves, the pictures in folders, the matches of patterns.

    In folders, hidden files and files that are not pictures are skipped. With `recursive`, their sub-folders are
    searched too, except hidden ones and `leave_out`. A name that matches nothing is kept, so that it fails as an item
    of its own. Raises OptionError for a folder without pictures.
    """
    found: list[Input] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found += _inputs_in(path, is_picture, recursive, leave_out)
        elif not path.exists() and glob.has_magic(name):
            found += [Input(Path(match)) for match in sorted(glob.glob(name))] or [Input(path)]
        else:
            found.append(Input(path))
    return list({picture.path: picture for picture in reversed(found)}.values())[::-1]


def _inputs_in(folder: Path, is_picture: IsPicture, recursive: bool, leave_out: Path | None) -> list[Input]:
    files = list(_files_in(folder, recursive, leave_out))
    pictures = [Input(path, folder) for path in files if is_picture(path)]
    if not pictures:
        deeper = not recursive and any(path.is_dir() for path in folder.iterdir())
        hint = "-r looks into its folders too" if deeper else f"{counted(len(files), 'file')}, none a readable picture"
        raise OptionError(f"{folder}: no pictures in this folder", hint=hint)
    return pictures


def _files_in(folder: Path, recursive: bool, leave_out: Path | None) -> Iterator[Path]:
    avoided = None if leave_out is None else followed(leave_out)
    for root, folders, names in os.walk(folder):
        here = Path(root)
        yield from (here / name for name in sorted(names) if not name.startswith(".") and (here / name).is_file())
        folders[:] = sorted(
            name for name in folders if recursive and not name.startswith(".") and followed(here / name) != avoided
        )


def followed(path: Path) -> Path:
    """`path` with all links resolved, as far as that can be done; a link to itself stays."""
    return Path(os.path.realpath(path))


def without_results(inputs: Sequence[Input]) -> list[Input]:
    """`inputs` without results that earlier runs made from them, or from other pictures in the same folder."""
    named = {real(picture.path) for picture in inputs}
    journals = _NearbyJournals()
    try:
        return [picture for picture in inputs if not _is_result(picture, journals, named)]
    finally:
        journals.close()


def _is_result(picture: Input, journals: _NearbyJournals, named: set[Path]) -> bool:
    source = journals.source_of(picture.path)
    if source is None:
        return False
    return source in named or (picture.root is not None and source.is_relative_to(followed(picture.root)))


class _NearbyJournals:
    """The journals in the folders above pictures; at most `_OPEN_JOURNALS` are open at once."""

    def __init__(self) -> None:
        self._found: dict[Path, Records | None] = {}

    def source_of(self, path: Path) -> Path | None:
        """The picture that ganfx made the one at `path` from; None where ganfx did not make it."""
        for folder in real(path).parents:
            records = self._records(folder)
            record = records.origin(path) if records else None
            if record:
                return record.source
        return None

    def _records(self, folder: Path) -> Records | None:
        if folder not in self._found:
            self._found[folder] = peek(folder)
            self.close(keep=_OPEN_JOURNALS)
        return self._found[folder]

    def close(self, *, keep: int = 0) -> None:
        """Close all but the `keep` journals opened last."""
        opened = [folder for folder, records in self._found.items() if records]
        for folder in opened[: len(opened) - keep]:
            records = self._found.pop(folder)
            if records:
                records.close()
