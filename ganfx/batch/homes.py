"""Where the journal of a folder is kept: in the folder, or in the user's state folder.

A journal lies in the folder that the user named for results, where that folder is the user's own. All others are in the
state folder: those of results beside their pictures, and those of folders that somebody else may write to or that hold
another one's journal already. A small index there tells which is whose, by the folder's path; a folder that was moved
or renamed is known by its device and inode.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ganfx.batch.database import Database, ForeignError, TableLayout, create, open_own
from ganfx.batch.owners import is_mine
from ganfx.batch.patience import Patience
from ganfx.batch.seals import Seal, own_folder
from ganfx.paths import state_dir

NAME = ".ganfx.sqlite"
_FOLDER, _INDEX = "journals", "folders.sqlite"
_LAYOUT = TableLayout(
    "folders",
    1,
    (
        "CREATE TABLE folders (path BLOB PRIMARY KEY, identity TEXT, name TEXT)",
        "CREATE INDEX folders_by_identity ON folders (identity)",
    ),
)


@dataclass(frozen=True)
class Home:
    """A folder with results, and whether they lie there because their pictures do (`beside`): then it stays clean."""

    folder: Path
    beside: bool = False


class FolderIndex:
    """The journals in the state folder, by the folders that they are for; a context manager.

    Methods raise sqlite3.Error, HeldError, and OutputError where the state folder cannot be used.
    """

    def __init__(self, seal: Seal, patience: Patience) -> None:
        self._place, self._seal, self._patience = state_dir() / _FOLDER, seal, patience
        self._database: Database | None = None

    def find(self, folder: Path) -> Path | None:
        """The path of the journal of `folder`, an absolute path without links; None where it has none."""
        if self._database is None:
            try:
                self._database = open_own(self._place / _INDEX, "rw", _LAYOUT, self._seal, self._patience)
            except (OSError, ForeignError, sqlite3.DatabaseError):
                return None
        found = self._row(self._database, folder)
        return self._place / f"{found[1]}.sqlite" if found else None

    def add(self, folder: Path) -> Path:
        """The path of the journal of `folder`, to be made there where it is new."""
        database = self._database = self._database or self._begun()
        with database.transaction():
            path, name = self._row(database, folder) or (None, secrets.token_hex(16))
            if path != os.fsencode(folder):
                database.rows("DELETE FROM folders WHERE name = ?", [name])
                row = (os.fsencode(folder), _identity(folder), name)
                database.rows("INSERT OR REPLACE INTO folders VALUES (?, ?, ?)", row)
        return self._place / f"{name}.sqlite"

    def _begun(self) -> Database:
        own_folder(state_dir())
        path = own_folder(self._place) / _INDEX
        try:
            return open_own(path, "rw", _LAYOUT, self._seal, self._patience)
        except FileNotFoundError:
            pass
        except (ForeignError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            set_aside(path)
        return create(path, _LAYOUT, self._seal, self._patience)

    def _row(self, database: Database, folder: Path) -> tuple[bytes, str] | None:
        """The path under which `folder` is known, which is another one where it was moved, and its journal's name."""
        own = database.rows("SELECT path, name FROM folders WHERE path = ?", [os.fsencode(folder)])
        if own:
            return own[0]  # type: ignore[no-any-return]
        identity = _identity(folder)
        known = database.rows("SELECT path, name FROM folders WHERE identity = ?", [identity]) if identity else []
        return next((row for row in known if _identity(Path(os.fsdecode(row[0]))) != identity), None)

    def close(self) -> None:
        """Close the index."""
        if self._database:
            self._database.close()
        self._database = None

    def __enter__(self) -> FolderIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def is_own(folder: Path) -> bool:
    """Whether `folder` belongs to the user, and not everybody may write there."""
    try:
        found = folder.stat()
    except OSError:
        return False
    return is_mine(found) and (os.name == "nt" or not found.st_mode & stat.S_IWOTH)


def set_aside(path: Path) -> Path:
    """Rename the database at `path`, and the journal that belongs to it, out of the way; the new path."""
    aside = path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}")
    for tail in ("", "-journal"):
        if os.path.lexists(f"{path}{tail}"):
            os.replace(f"{path}{tail}", f"{aside}{tail}")
    return aside


def _identity(folder: Path) -> str | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return f"{found.st_dev:x}-{found.st_ino:x}"
