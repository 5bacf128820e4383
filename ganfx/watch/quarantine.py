"""Moves pictures that failed to a folder of their own, with the reason beside them."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from ganfx.errors import GanfxError, OutputError

FOLDER = "failed"


def set_aside(picture: Path, root: Path, error: GanfxError) -> Path:
    """Move `picture` from below `root` to the same path below root/failed, and write the reason to NAME.txt beside it.

    Existing files are kept: the picture gets a numbered name then. Returns the new path. Raises OutputError.
    """
    folder = root / FOLDER / picture.parent.relative_to(root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = _reserved(folder, picture)
        try:
            place.with_name(f"{place.name}.txt").write_bytes(os.fsencode(_reason(picture, error)))
            os.replace(picture, place)
        except OSError:
            _withdraw(place)
            raise
    except OSError as problem:
        message = f"cannot be moved to {folder}: {(problem.strerror or str(problem)).lower()}"
        raise OutputError(message, hint="--keep-failed leaves pictures that fail where they are") from problem
    return place


def _reserved(folder: Path, picture: Path) -> Path:
    """A path for `picture` in `folder` that was free, reserved by an empty file; that for the reason is free too."""
    for number in itertools.count(1):
        place = folder / (picture.name if number == 1 else f"{picture.stem}-{number}{picture.suffix}")
        if place.with_name(f"{place.name}.txt").exists():
            continue
        try:
            place.open("xb").close()
            return place
        except FileExistsError:
            continue
    raise AssertionError


def _withdraw(place: Path) -> None:
    place.unlink(missing_ok=True)
    place.with_name(f"{place.name}.txt").unlink(missing_ok=True)


def _reason(picture: Path, error: GanfxError) -> str:
    hint = f"hint: {error.hint}\n" if error.hint else ""
    return f"{picture}\nerror: {error.message}\n{hint}To try it again, move the picture back.\n"
