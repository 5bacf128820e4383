"""A file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import Protocol

from ganfx.errors import OutputError
from ganfx.files.vips import writing


class CommitHook(Protocol):
    """Keeps account of a file that is being made: `token` is the mark of its unfinished part."""

    @property
    def token(self) -> str: ...
    def about_to_appear(self, part: Path) -> None:
        """Told once `part` is whole and on the disk, just before it takes its place; may raise OutputError."""


def new_token() -> str:
    """A mark that no other unfinished file has."""
    return secrets.token_hex(4)


def part_of(path: Path, token: str) -> Path:
    """Where the file at `path` lies while it is unfinished: hidden beside it, marked by `token`."""
    path = Path(os.path.realpath(path))
    return path.with_name(f".{path.stem[:80]}.{token}{path.suffix}")


class Target:
    """The place of a future file. `part` is the path to write to; `commit` moves it there, `discard` removes it.

    Raises OutputError where it could not be written in the end: asked before any work is done.
    """

    def __init__(self, path: Path, *, overwrite: bool, commit_hook: CommitHook | None = None) -> None:
        # Through a link, the file it points to is replaced and the link stays.
        self.path = Path(os.path.realpath(path))
        self.folder = self.path.parent
        self.overwrite = overwrite
        self._witness = commit_hook
        self._check()
        self.part = part_of(self.path, commit_hook.token if commit_hook else new_token())

    def _check(self) -> None:
        if self.path.is_dir():
            raise OutputError(f"{self.path.name} is a folder", hint="name a file")
        if not self.folder.is_dir():
            raise OutputError(f"there is no folder {self.folder}", hint="make it first")
        if self.path.exists() and not self.overwrite:
            raise OutputError(f"{self.path.name} exists already", hint="--overwrite replaces it")
        if not os.access(self.folder, os.W_OK):
            raise OutputError(f"the folder {self.folder} is read-only", hint="choose another output folder")

    def commit(self) -> None:
        """Flush the part to the disk and let it take its place. Raises OutputError."""
        self._check()
        with writing(self.folder):
            if self.path.exists():
                shutil.copymode(self.path, self.part)
            _flush(self.part)
            if self._witness:
                self._witness.about_to_appear(self.part)
            os.replace(self.part, self.path)
        # Not every system can flush a folder.
        with contextlib.suppress(OSError):
            _flush(self.folder)

    def discard(self) -> None:
        """Remove what was written so far."""
        self.part.unlink(missing_ok=True)


def copy_file(source: Path, path: Path, *, overwrite: bool, commit_hook: CommitHook | None = None) -> None:
    """Copy a file's bytes to `path`, whole or not at all. Raises OutputError."""
    target = Target(path, overwrite=overwrite, commit_hook=commit_hook)
    try:
        with writing(target.folder):
            shutil.copyfile(source, target.part)
        target.commit()
    finally:
        target.discard()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
