"""Moves pictures that failed to a folder of their own, with the reason beside them."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

from ganfx.atomic import NAME_BYTES, output_errors
from ganfx.errors import GanfxError, OutputError
from ganfx.open_folder import OpenFolder
from ganfx.text import clipped, printable

FOLDER = "failed"
_REASON = ".txt"
# Bytes of a name that are kept for the number that a second file of that name gets.
_NUMBER_BYTES = 8


def set_aside(picture: Path, root: Path, error: GanfxError) -> Path:
    """Move `picture` from below `root` to the same path below root/failed, and write the reason to NAME.txt beside it.

    Existing files are kept: the picture gets a numbered name then. No link is followed. Returns the new path. Raises
    OutputError.
    """
    path = root / FOLDER / picture.parent.relative_to(root)
    try:
        with (
            output_errors(path),
            OpenFolder.at(picture.parent, below=root) as source,
            OpenFolder.at(path, below=root, create=True) as folder,
        ):
            name, reason = _reserved(folder, picture, _reason(picture, error))
            try:
                source.replace(picture.name, name, into=folder)
            except OSError:
                for reserved in (name, reason):
                    folder.remove(reserved)
                raise
            return path / name
    except OutputError as problem:
        message = f"cannot be moved to {path}: {problem.message.removeprefix('cannot be written: ')}"
        raise OutputError(message, hint="--keep-failed leaves pictures that fail where they are") from problem


def _reserved(folder: OpenFolder, picture: Path, text: str) -> tuple[str, str]:
    """A name in `folder` for `picture`, reserved by an empty file, and that of a new file with `text` beside it."""
    for number in itertools.count(1):
        name = picture.name if number == 1 else _numbered(picture, f"-{number}")
        reason = f"{clipped(name, NAME_BYTES - len(_REASON))}{_REASON}"
        with contextlib.suppress(FileExistsError):
            with open(folder.create(reason), "w", encoding="utf-8") as file:
                file.write(text)
            try:
                os.close(folder.create(name))
                return name, reason
            except OSError:
                folder.remove(reason)
                raise
    raise AssertionError


def _numbered(picture: Path, number: str) -> str:
    stem = picture.stem
    if len(os.fsencode(picture.name)) + len(number) > NAME_BYTES:
        stem = clipped(stem, NAME_BYTES - _NUMBER_BYTES - len(os.fsencode(picture.suffix)))
    return f"{stem}{number}{picture.suffix}"


def _reason(picture: Path, error: GanfxError) -> str:
    lines = [f"{picture}", f"error: {error.message}", f"hint: {error.hint}" if error.hint else ""]
    return "".join(f"{printable(line)}\n" for line in [*lines, "To try it again, move the picture back."] if line)
