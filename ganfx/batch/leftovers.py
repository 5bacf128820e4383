"""Removing what a crashed run left behind: the unfinished file of a result, and nothing else."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path, PurePosixPath

from ganfx.atomic import part_of
from ganfx.batch.owners import is_plain
from ganfx.errors import OutputError
from ganfx.open_folder import OpenFolder

# What `ganfx.atomic.new_token` makes.
_MARK = re.compile(r"[0-9a-f]{8}")


def remove_part(folder: Path, key: bytes, mark: object) -> None:
    """Remove the unfinished file of the result `key`, a path relative to `folder`, with the mark `mark` in its name.

    Does nothing unless it lies inside the folder by a way without links, is a regular file of the user's own with no
    other name, and is called as ganfx calls such files.
    """
    place = PurePosixPath(os.fsdecode(key))
    if not is_inside(place) or not isinstance(mark, str) or not _MARK.fullmatch(mark):
        return
    name = part_of(folder / place, mark).name
    with contextlib.suppress(OSError, OutputError), OpenFolder.at(folder / place.parent, below=folder) as opened:
        found = opened.stat(name)
        if found and is_plain(found):
            opened.remove(name)


def is_inside(place: PurePosixPath) -> bool:
    """Whether the relative path `place` stays in its folder."""
    return bool(place.parts) and not place.is_absolute() and os.pardir not in place.parts and "\0" not in str(place)
