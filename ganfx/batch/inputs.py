"""Which pictures the names that a user passes stand for: files, folders and patterns."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ganfx.atomic import reason_of
from ganfx.batch.records import followed
from ganfx.batch.wording import counted, is_or_are
from ganfx.errors import OptionError
from ganfx.files import PICTURE_SUFFIXES

IsPicture = Callable[[Path], bool]
_ADDRESS = re.compile(r"(?i)(?:https?|ftp|s3|data|file):")
# Names that a note has at most.
_NAMED = 3


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


@dataclass
class Skipped:
    """What folders contain besides pictures, as far as users should know of it.

    unread: folders and files that the system refused to read.
    odd: names that are neither files nor folders: pipes, links that lead nowhere, links to folders.
    no_pictures: files that are called as pictures are, and begin like none.
    """

    unread: list[OSError] = field(default_factory=list)
    odd: list[Path] = field(default_factory=list)
    no_pictures: list[Path] = field(default_factory=list)

    def notes(self) -> list[str]:
        """Lines for the user on what was left out."""
        called, odd = len(self.no_pictures), len(self.odd)
        notes = []
        if called:
            files = f"{counted(called, 'file')} {is_or_are(called)} called as pictures are, and none"
            notes.append(f"{files}: {_some(self.no_pictures)}")
        if odd:
            names = f"{counted(odd, 'name')} {is_or_are(odd)} left out, neither files nor folders"
            notes.append(f"{names}: {_some(self.odd)}")
        return notes


def _some(paths: list[Path]) -> str:
    return ", ".join([*(str(path) for path in paths[:_NAMED]), *(["..."] if len(paths) > _NAMED else [])])


def find_inputs(
    names: Sequence[str],
    is_picture: IsPicture,
    *,
    recursive: bool = False,
    leave_out: Path | None = None,
    skipped: Skipped | None = None,
) -> list[Input]:
    """The files that `names` stand for, each once: files themselves, the pictures in folders, the matches of patterns.

    In folders, hidden files and files that are not pictures are left out. With `recursive`, their sub-folders are
    searched too, except hidden ones and `leave_out`. A name that matches nothing is kept, so that it fails as an item
    of its own; so are pictures in folders that cannot be read. `skipped` is filled. Raises OptionError for a folder
    without pictures, and for an address, since nothing is fetched.
    """
    found: list[Input] = []
    skipped = skipped or Skipped()
    for name in names:
        path = Path(name)
        if _ADDRESS.match(name) and not os.path.lexists(path):
            raise OptionError(f"{name}: ganfx fetches nothing", hint=f"curl -L {name} | ganfx ... - -o result.png")
        if os.path.isdir(path):
            found += _inputs_in(path, is_picture, recursive, leave_out, skipped)
        elif not os.path.lexists(path) and glob.has_magic(name):
            found += [Input(Path(match)) for match in sorted(glob.glob(name))] or [Input(path)]
        else:
            found.append(Input(path))
    return list({picture.path: picture for picture in reversed(found)}.values())[::-1]


def _inputs_in(
    folder: Path, is_picture: IsPicture, recursive: bool, leave_out: Path | None, skipped: Skipped
) -> list[Input]:
    unread = len(skipped.unread)
    files = list(_files_in(folder, recursive, leave_out, skipped))
    pictures = [Input(path, folder) for path in files if _is_input(path, is_picture, skipped)]
    if pictures:
        return pictures
    if len(skipped.unread) > unread:
        error = skipped.unread[-1]
        message = f"{folder}: no pictures in this folder, and {error.filename} cannot be read: {reason_of(error)}"
        raise OptionError(message, hint="may you read it?")
    deeper = not recursive and any(os.path.isdir(path) for path in folder.iterdir())
    hint = "-r looks into its folders too" if deeper else f"{counted(len(files), 'file')}, none a readable picture"
    raise OptionError(f"{folder}: no pictures in this folder", hint=hint)


def _is_input(path: Path, is_picture: IsPicture, skipped: Skipped) -> bool:
    is_called_so = path.suffix.lower() in PICTURE_SUFFIXES
    try:
        if is_picture(path) or (is_called_so and not os.access(path, os.R_OK)):
            return True
    except Exception:
        # It fails as an item of its own, with the reason.
        return True
    if is_called_so:
        skipped.no_pictures.append(path)
    return False


def _files_in(folder: Path, recursive: bool, leave_out: Path | None, skipped: Skipped) -> Iterator[Path]:
    avoided = None if leave_out is None else followed(leave_out)
    for root, folders, names in os.walk(folder, onerror=skipped.unread.append):
        here = Path(root)
        yield from (
            here / name for name in sorted(names) if not name.startswith(".") and _is_file(here / name, skipped)
        )
        wanted = [name for name in sorted(folders) if recursive and not name.startswith(".")]
        skipped.odd += [here / name for name in wanted if os.path.islink(here / name)]
        folders[:] = [name for name in wanted if followed(here / name) != avoided]


def _is_file(path: Path, skipped: Skipped) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            skipped.odd.append(path)
        else:
            skipped.unread.append(error)
        return False
    if not stat.S_ISREG(mode):
        skipped.odd.append(path)
    return stat.S_ISREG(mode)
