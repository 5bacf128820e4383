"""Atomic writes: a file holds its old content or its new content, never a part of either.

Content is written to a temporary file in the same folder and flushed to the disk; a rename then puts it in place.
After a crash of the process or of the machine, the file holds all of the old content (or is missing, where there was
none) or all of the new. What a crash can leave behind is the temporary file, whose name begins with a dot. Without
`durable` nothing is flushed, and the promise holds for a crash of the process alone.

`write_atomic` and `replacing` are for files of ganfx's own and raise OSError. `AtomicFile` is for the user's files: it
refuses to overwrite unless asked to, follows links, reports to a commit hook, and raises OutputError.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ganfx.errors import DiskFullError, OutputError, PictureSizeError


def write_atomic(path: Path, content: bytes | str, *, mode: int | None = None, durable: bool = True) -> None:
    """Let the file at `path` hold `content`; text is stored as UTF-8. See `replacing`. Raises OSError."""
    with replacing(path, mode=mode, durable=durable) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing(path: Path, *, mode: int | None = None, durable: bool = True) -> Iterator[Path]:
    """The empty temporary file to fill in place of the file at `path`; its folder has to exist.

    The temporary file replaces `path` when the block ends, and is removed where the block raises. `mode` holds the
    permission bits from the start (0o600: the user alone); None keeps those of the file that is replaced, and is the
    umask's default for a new one. A link at `path` is replaced, not followed. Raises OSError.
    """
    part = path.with_name(f".{path.name[:80]}.{new_token()}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else mode))
        yield part
        if mode is None and path.exists():
            shutil.copymode(path, part)
        if durable:
            _flush(part)
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    if durable:
        _flush_folder(path.parent)


class CommitHook(Protocol):
    """Is told when a file is about to appear, as the journal of a batch is.

    `token` becomes part of the temporary file's name (see `part_of`), so that the file can be found after a crash.
    """

    @property
    def token(self) -> str: ...
    def about_to_appear(self, part: Path) -> None:
        """Called once the temporary file `part` is complete and flushed, just before the rename. Raises OutputError
        to prevent that."""


def new_token() -> str:
    """A random mark for the name of a temporary file: 8 hexadecimal digits."""
    return secrets.token_hex(4)


def part_of(path: Path, token: str) -> Path:
    """The temporary file of an `AtomicFile` at `path`. The suffix stays, since encoders go by it."""
    path = Path(os.path.realpath(path))
    return path.with_name(f".{path.stem[:80]}.{token}{path.suffix}")


class AtomicFile:
    """A file of the user's that is going to be written: write to `part`, then `commit`; `discard` at the end.

    Where `path` is a link, the file that it points to is replaced and the link stays. The constructor raises
    OutputError where `commit` would: `path` is a folder, its folder is missing or read-only, or it exists already and
    `overwrite` is False.
    """

    def __init__(self, path: Path, *, overwrite: bool, commit_hook: CommitHook | None = None) -> None:
        self.path = Path(os.path.realpath(path))
        self.folder = self.path.parent
        self.overwrite = overwrite
        self._hook = commit_hook
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
        """Flush `part`, call the commit hook, and rename. A file that is replaced hands on its permissions.

        Raises OutputError, also where the file has come into being since the constructor looked.
        """
        self._check()
        with output_errors(self.folder):
            if self.path.exists():
                shutil.copymode(self.path, self.part)
            _flush(self.part)
            if self._hook:
                self._hook.about_to_appear(self.part)
            os.replace(self.part, self.path)
        _flush_folder(self.folder)

    def discard(self) -> None:
        """Remove the temporary file, where `commit` has not renamed it."""
        self.part.unlink(missing_ok=True)


def copy_file(source: Path, path: Path, *, overwrite: bool, commit_hook: CommitHook | None = None) -> None:
    """Copy a file's bytes to the `AtomicFile` at `path`. Raises OutputError."""
    target = AtomicFile(path, overwrite=overwrite, commit_hook=commit_hook)
    try:
        with output_errors(target.folder):
            shutil.copyfile(source, target.part)
        target.commit()
    finally:
        target.discard()


@contextlib.contextmanager
def output_errors(folder: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is written into `folder` into OutputError, DiskFullError or
    PictureSizeError."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder) from error
        too_large = isinstance(error, OSError) and error.errno == errno.EFBIG
        hint = f"is there free space in {folder}?" if too_large else f"may you write in {folder}?"
        raise OutputError(f"cannot be written: {reason_of(error)}", hint=hint) from error
    except MemoryError as error:
        raise PictureSizeError("the result does not fit into memory", hint="write PNG or TIFF") from error


def disk_full(folder: Path) -> DiskFullError:
    """The error that says that the disk of `folder` is full."""
    return DiskFullError(
        "cannot be written: no space left on device", hint=f"make free space in {folder}, then run it again"
    )


def reason_of(error: Exception) -> str:
    """The operating system's message in lower case, without the number and the path."""
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    # Makes the rename itself last; not every system can flush a folder.
    with contextlib.suppress(OSError):
        _flush(folder)
