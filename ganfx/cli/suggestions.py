"""Telling people, once, of a larger model that can be fetched."""

from __future__ import annotations

import os
import sys

from ganfx.cli.terminal import tell


def suggest(task: str) -> None:
    """Tell the person at the terminal of a larger model for `task`, if there is one: once on this computer.

    Nothing is told to scripts, with GANFX_OFFLINE, or where it could not be remembered that it was.
    """
    from ganfx.hub import suggested_model
    from ganfx.paths import is_offline

    entry = None if is_offline() or not has_reader() else suggested_model(task)
    if entry and _is_first(entry.name):
        size = f", {entry.size_bytes / 1e6:.0f} MB" if entry.size_bytes else ""
        tell(f"note: a larger network for this can be fetched ({entry.license}{size}): ganfx models pull {entry.name}")


def has_reader() -> bool:
    """Whether standard error is read by a person."""
    return sys.stderr.isatty()


def _is_first(name: str) -> bool:
    """Whether `name` was not suggested before; from now on it was."""
    from ganfx.paths import state_dir
    from ganfx.private import open_private, private_folder

    try:
        folder = private_folder(state_dir())
        os.close(open_private(folder / f"suggested-{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except OSError:  # it was, or cannot be remembered
        return False
    return True
