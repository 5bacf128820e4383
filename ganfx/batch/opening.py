"""Opening the journal of a folder for writing: the one that is there and may be believed, or a new one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ganfx.batch.database import Database, ForeignError, create, open_own
from ganfx.batch.homes import NAME, FolderIndex, is_own, set_aside
from ganfx.batch.patience import Patience
from ganfx.batch.records import LAYOUT, translated
from ganfx.batch.seals import Seal
from ganfx.paths import state_dir


def open_journal(folder: Path, beside: bool, seal: Seal, patience: Patience) -> tuple[Database, tuple[str, ...]]:
    """The database of the journal of `folder`, an absolute path without links, and notes for the user.

    beside: keep a new one in the user's state folder. A journal in the folder that this installation did not write is
    left alone, and not believed: another one is kept in the state folder. Damaged ones are set aside. Raises
    OutputError, HeldError.
    """
    inner, notes, foreign = folder / NAME, [], False
    with translated(inner):
        if is_own(folder):
            try:
                return open_own(inner, "rw", LAYOUT, seal, patience), ()
            except FileNotFoundError:
                # As `beside` says; a folder that is missing altogether is an error of what is created there.
                pass
            except ForeignError:
                foreign = True
            except sqlite3.DatabaseError as error:
                notes.append(_replaced(inner, error))
    with translated(state_dir()), FolderIndex(seal, patience) as index:
        kept = index.find(folder)
        if kept is None and not beside and not foreign and (is_own(folder) or not folder.exists()):
            with translated(inner):
                return create(inner, LAYOUT, seal, patience), tuple(notes)
        path = kept or index.add(folder)
    with translated(path):
        try:
            return open_own(path, "rw", LAYOUT, seal, patience), ()
        except FileNotFoundError:
            if foreign:
                notes.append(f"{inner} was not written by this installation of ganfx: left alone, and not believed")
        except ForeignError:
            set_aside(path)
        except sqlite3.DatabaseError as error:
            notes.append(_replaced(path, error))
        return create(path, LAYOUT, seal, patience), tuple(notes)


def _replaced(path: Path, error: sqlite3.DatabaseError) -> str:
    """Set the damaged database at `path` aside; a line for the user. Raises an `error` that tells of no damage."""
    if isinstance(error, sqlite3.OperationalError):
        raise error
    return f"{path} was damaged: kept as {set_aside(path).name}, and begun anew"
