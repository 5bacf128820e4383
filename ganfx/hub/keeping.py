"""Keeping order among the user's models: removing one, and what interrupted downloads and imports left."""

from __future__ import annotations

import contextlib
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganfx.errors import ModelError, OptionError
from ganfx.hub.known_models import user_blocks, user_catalogue
from ganfx.hub.pulling import DOWNLOADS
from ganfx.hub.registry import find_entry
from ganfx.paths import cache_dir, models_dir

# A temporary file that is younger may be another process's at work, in seconds.
_IN_WORK_S = 3600.0


@dataclass(frozen=True)
class Leftover:
    """A file that an interrupted download or import left."""

    path: Path
    """The file."""
    size_bytes: int
    """Its size."""


def remove_model(name: str) -> Path:
    """Remove the user's model `name`; returns the file that was removed. A link is removed, not what it leads to.

    Raises UnknownModelError, OptionError for a model that ships, and ModelError where it is not installed or cannot be
    removed.
    """
    entry = find_entry(name)
    if entry.origin == "bundled":
        raise OptionError(f"{entry.name} ships with ganfx, and stays")
    if entry.path is None:
        is_own = any(block.name == entry.name for block in user_blocks())
        hint = f"its block in {user_catalogue()} is yours to delete" if is_own else None
        raise ModelError(f"{entry.name} is not installed", hint=hint)
    try:
        entry.path.unlink()
    except OSError as error:
        raise ModelError(f"{entry.path}: cannot be removed: {(error.strerror or str(error)).lower()}") from error
    return entry.path


def leftovers() -> list[Leftover]:
    """What interrupted downloads and imports left, but for what another process is at work on."""
    return [Leftover(path, path.lstat().st_size) for path in (*_downloads(), *_unfinished(models_dir()))]


def prune() -> list[Leftover]:
    """Remove the `leftovers`; returns those that are gone. Raises ModelError where one cannot be removed."""
    found = leftovers()
    for leftover in found:
        try:
            leftover.path.unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(f"{leftover.path}: cannot be removed: {(error.strerror or '').lower()}") from error
    for folder in {leftover.path.parent for leftover in found} - {models_dir()}:
        with contextlib.suppress(OSError):  # something else is in it
            folder.rmdir()
    return found


def _downloads() -> Iterator[Path]:
    """The files of all downloads that no process is at work on."""
    for folder in _inside(cache_dir() / DOWNLOADS):
        if stat.S_ISDIR(folder.lstat().st_mode) and not _is_held(folder):
            yield from (path for path in _inside(folder) if stat.S_ISREG(path.lstat().st_mode))


def _unfinished(folder: Path) -> Iterator[Path]:
    for path in _inside(folder):
        found = path.lstat()
        is_part = path.name.startswith(".") and path.name.endswith(".part") and stat.S_ISREG(found.st_mode)
        if is_part and time.time() - found.st_mtime > _IN_WORK_S:
            yield path


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_held(folder: Path) -> bool:
    import filelock

    try:
        for lock in folder.glob(".*.lock"):
            with filelock.FileLock(lock, timeout=0):
                pass
    except filelock.Timeout:
        return True
    return False
