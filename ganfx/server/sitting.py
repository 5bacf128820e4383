"""The files of one sitting: pictures that a page sent, and results. None of them outlives the service."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ganfx.errors import BusyError, GoneError
from ganfx.files import open_animation, open_reader
from ganfx.pipeline import Chain
from ganfx.server.state_dir import private_dir
from ganfx.text import clipped, printable

# Folder of the files in the state folder.
FOLDER = "sitting"
# Most bytes of one file, and of all files together.
FILE_BYTES, ALL_BYTES = 1 << 30, 16 << 30
_MOST_FILES, _MOST_SETTLED = 4096, 16
_NAME_BYTES = 200
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


class Role(StrEnum):
    """What a file of the sitting is."""

    PICTURE, MASK, RESULT = "picture", "mask", "result"


@dataclass(frozen=True)
class SittingFile:
    """A picture or a mask that was sent, or a result.

    id              names it in requests
    name            what the user calls it; safe to show, and never part of a path
    path            where it lies
    width, height   pixels of the upright picture
    format          name of its format
    bits            of a sample
    has_alpha       whether it has an alpha
    bytes           size of the file
    role            what it is
    source          id of the picture that a result was made from; empty: it was sent
    notes           sentences for the user
    frames          how many there are; 1 for a picture that is no animation
    """

    id: str
    name: str
    path: Path
    width: int
    height: int
    format: str
    bits: int
    has_alpha: bool
    bytes: int
    role: Role = Role.PICTURE
    source: str = ""
    notes: tuple[str, ...] = ()
    frames: int = 1

    def as_json(self) -> dict[str, Any]:
        """All but the path, as plain data."""
        return {key: value for key, value in self.__dict__.items() if key != "path"}


class Sitting:
    """The files in `folder`/sitting, which is emptied first. Safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._lock = threading.Lock()
        self._files: dict[str, SittingFile] = {}
        # By picture and chain, that with all decided which is estimated: previews need it again and again.
        self._settled: dict[tuple[str, str], Chain] = {}
        self.clear()

    def clear(self) -> None:
        """Remove all files."""
        with self._lock:
            self._files.clear()
            self._settled.clear()
        if self._folder.is_symlink():
            self._folder.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_path(self, suffix: str = "") -> tuple[str, Path]:
        """The id and the path of a file to be made. Raises BusyError where there are too many, or too large ones."""
        with self._lock:
            full = len(self._files) >= _MOST_FILES or sum(file.bytes for file in self._files.values()) >= ALL_BYTES
        if full:
            raise BusyError("this sitting has too many pictures", hint="save some, and remove them from the list")
        private_dir(self._folder)
        name = secrets.token_urlsafe(12)
        return name, self._folder / f"{name}{suffix}"

    def add(
        self,
        id_: str,
        path: Path,
        name: str,
        role: Role = Role.PICTURE,
        *,
        source: str = "",
        notes: tuple[str, ...] | None = None,
    ) -> SittingFile:
        """Take in the picture at `path`; one that cannot be read is removed, and its error raised.

        source: id of the picture, or name of the generator, that it was made from. notes: None takes those of reading
        it.
        """
        try:
            animation = open_animation(path)
            with animation.first if animation else open_reader(path) as reader:
                frames = animation.count if animation else 1
                found = (*reader.info.notes, *([f"the first of {frames} frames is shown"] if frames > 1 else []))
                file = SittingFile(
                    id_,
                    shown_name(name),
                    path,
                    reader.width,
                    reader.height,
                    reader.format.name,
                    reader.info.bits,
                    reader.has_alpha,
                    path.stat().st_size,
                    role,
                    source,
                    found if notes is None else notes,
                    frames,
                )
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        with self._lock:
            self._files[id_] = file
        return file

    def find(self, id_: str) -> SittingFile:
        """The file called `id_`. Raises GoneError."""
        with self._lock:
            if id_ in self._files:
                return self._files[id_]
        raise GoneError("there is no such picture any more", hint="choose it again")

    def remove(self, id_: str) -> None:
        """Remove a file."""
        file = self.find(id_)
        with self._lock:
            self._files.pop(id_, None)
        file.path.unlink(missing_ok=True)

    def settled(self, id_: str, chain: Chain, settle: Callable[[], Chain]) -> Chain:
        """`chain` with all decided for the picture `id_` that is estimated, by `settle` the first time."""
        key = id_, chain.fingerprint
        if key not in self._settled:
            self._settled[key] = settle()
            while len(self._settled) > _MOST_SETTLED:
                del self._settled[next(iter(self._settled))]
        return self._settled[key]

    def files(self) -> list[SittingFile]:
        """All files, in the order in which they came."""
        with self._lock:
            return list(self._files.values())


def suffix_of(name: str) -> str:
    """The suffix of a name as a stranger's program sent it, with its dot; empty unless it is short and plain."""
    found = _SUFFIX.search(name)
    return found[0] if found else ""


def shown_name(name: str) -> str:
    """A name as a stranger's program sent it, without folders, in one line."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return clipped(printable(last), _NAME_BYTES) or "picture"
