"""Atomic writes: a file holds its old content or its new content, never a part of either.

Content is written to a temporary file in the same folder and flushed to the disk; a rename then puts it in place.
After a crash of the process or of the machine, the file holds all of the old content (or is missing, where there was
none) or all of the new. What a crash can leave behind is the temporary file, whose name begins with a dot. Without
`durable` nothing is flushed, and the promise holds for a crash of the process alone.

The temporary file is a new one of a random name, in a folder that is held open: what others put into the folder
meanwhile, such as a link of that name, is neither written nor followed.

`write_atomic` and `replacing` are for files of ganfx's own and raise OSError. `AtomicFile` is for the user's files: it
refuses to overwrite unless asked to, follows no link that the user did not name, reports to a commit hook, and raises
OutputError.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from ganfx.errors import DiskFullError, NameLengthError, OutputError, PictureSizeError
from ganfx.open_folder import OpenFolder, link_error
from ganfx.text import clipped

# The longest name of a file that common file systems take.
NAME_BYTES = 255


def write_atomic(path: Path, content: bytes | str, *, mode: int | None = None, durable: bool = True) -> None:
    """Let the file at `path` hold `content`; text is stored as UTF-8. See `replacing`. Raises OSError."""
    with _replacing(path, mode, durable) as part, part.open() as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing(path: Path, *, mode: int | None = None, durable: bool = True) -> Iterator[Path]:
    """The empty temporary file to fill in place of the file at `path`; its folder has to exist.

    The temporary file replaces `path` when the block ends, and is removed where the block raises. `mode` holds the
    permission bits from the start (0o600: the user alone); None keeps those of the file that is replaced, and is the
    umask's default for a new one. A link at `path` is replaced, not followed. Raises OSError, also where the temporary
    file was exchanged for another one.
    """
    with _replacing(path, mode, durable) as part:
        yield path.parent / part.name


@contextlib.contextmanager
def _replacing(path: Path, mode: int | None, durable: bool) -> Iterator[_Part]:
    with OpenFolder.at(path.parent) as folder:
        part = _Part(folder, f".{clipped(path.name, 80)}.{new_token()}.part", 0o666 if mode is None else mode)
        try:
            yield part
            if mode is None:
                part.take_mode_of(path.name)
            if durable:
                part.flush()
            part.replace(path.name, durable=durable)
        finally:
            part.discard()


class _Part:
    """A new temporary file in `folder`, held open until it is renamed or discarded."""

    def __init__(self, folder: OpenFolder, name: str, mode: int = 0o666) -> None:
        self._folder, self.name = folder, name
        self.descriptor: int | None = folder.create(name, mode)
        self._identity = _identity(os.fstat(self.descriptor))

    def open(self, mode: str = "w+b", **options: Any) -> IO[Any]:
        """A file object on it, from its beginning; closing that leaves the temporary file open."""
        assert self.descriptor is not None
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        return open(self.descriptor, mode, closefd=False, **options)

    def take_mode_of(self, name: str) -> None:
        """Take over the permissions of the file `name`, if there is one."""
        found = self._folder.stat(name)
        if found and stat.S_ISREG(found.st_mode):
            # Windows sets permissions by path alone.
            assert self.descriptor is not None
            os.chmod(self.descriptor if os.chmod in os.supports_fd else self._path, stat.S_IMODE(found.st_mode) & 0o777)

    def flush(self) -> None:
        """Make its content last through a power loss."""
        assert self.descriptor is not None
        os.fsync(self.descriptor)

    def replace(self, name: str, *, durable: bool) -> None:
        """Rename it to `name`, and make that last where it is to be `durable`.

        Raises OSError where there is another file of its own name now.
        """
        found = self._folder.stat(self.name)
        if found is None or _identity(found) != self._identity:
            raise OSError(errno.ESTALE, "the temporary file was exchanged", str(self._path))
        self._close()
        self._folder.replace(self.name, name)
        if durable:
            self._folder.flush()

    def discard(self) -> None:
        """Remove it, where it was not renamed."""
        self._close()
        with contextlib.suppress(OSError):
            self._folder.remove(self.name)

    @property
    def _path(self) -> Path:
        return self._folder.path / self.name

    def _close(self) -> None:
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


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
    return path.with_name(_part_name(path, token))


def _part_name(path: Path, token: str) -> str:
    return f".{clipped(path.stem, 80)}.{token}{path.suffix}"


class AtomicFile:
    """A file of the user's that is going to be written: write to `open` or `descriptor`, then `commit`; `discard` at
    the end.

    below: the part of `path` that the user named, where the rest was derived: no link is followed on the way from there
        to the file, nor at the file itself. None: the user named the file, and where that is a link, the file that it
        points to is replaced and the link stays.

    The constructor raises OutputError where `commit` would: a folder or a link is in the way, its folder is missing or
    read-only, its name is too long (NameLengthError), or it exists already and `overwrite` is False.
    """

    def __init__(
        self, path: Path, *, overwrite: bool, commit_hook: CommitHook | None = None, below: Path | None = None
    ) -> None:
        check_name_length(path.name)
        self.path = Path(os.path.realpath(path)) if below is None else path
        self.folder = self.path.parent
        self.overwrite = overwrite
        self._hook = commit_hook
        self._part: _Part | None = None
        self.part = self.path.with_name(_part_name(self.path, commit_hook.token if commit_hook else new_token()))
        try:
            self._open_folder = OpenFolder.at(self.folder, below=below)
        except FileNotFoundError as error:
            raise OutputError(f"there is no folder {self.folder}", hint="make it first") from error
        except OSError as error:
            hint = "choose another output folder"
            raise OutputError(f"the folder {self.folder} cannot be used: {reason_of(error)}", hint=hint) from error
        try:
            self._check()
        except BaseException:
            self._open_folder.close()
            raise

    def _check(self) -> None:
        with output_errors(self.folder):
            found = self._open_folder.stat(self.path.name)
        kind = stat.S_IFMT(found.st_mode) if found else stat.S_IFREG
        if kind == stat.S_IFDIR:
            raise OutputError(f"{self.path.name} is a folder", hint="name a file")
        if kind == stat.S_IFLNK:
            raise link_error(self.path)
        if kind != stat.S_IFREG:
            raise OutputError(f"{self.path.name} is a device or a pipe, and no file", hint="name a file")
        if found and not self.overwrite:
            raise OutputError(f"{self.path.name} exists already", hint="--overwrite replaces it")
        if not os.access(self.folder, os.W_OK):
            raise OutputError(f"the folder {self.folder} is read-only", hint="choose another output folder")

    @property
    def descriptor(self) -> int:
        """The temporary file, open for reading and writing; made when first asked for. Raises OutputError."""
        descriptor = self._opened().descriptor
        assert descriptor is not None
        return descriptor

    def open(self, mode: str = "w+b", **options: Any) -> IO[Any]:
        """A file object on the temporary file, from its beginning. Raises OutputError."""
        return self._opened().open(mode, **options)

    def _opened(self) -> _Part:
        if self._part is None:
            with output_errors(self.folder):
                self._part = _Part(self._open_folder, self.part.name)
        return self._part

    def commit(self) -> None:
        """Flush the temporary file, call the commit hook, and rename. A file that is replaced hands on its permissions.

        Raises OutputError, also where the file has come into being since the constructor looked.
        """
        self._check()
        part = self._opened()
        with output_errors(self.folder):
            part.take_mode_of(self.path.name)
            part.flush()
            if self._hook:
                self._hook.about_to_appear(self.part)
            part.replace(self.path.name, durable=True)

    def discard(self) -> None:
        """Remove the temporary file, where `commit` has not renamed it, and close what is open."""
        if self._part:
            self._part.discard()
        self._open_folder.close()


def check_name_length(name: str) -> None:
    """Raises NameLengthError where no file can have this name."""
    length = len(os.fsencode(name))
    if length > NAME_BYTES:
        hint = "rename the picture, or give a shorter name with --name"
        raise NameLengthError(f"the result's name would have {length} bytes, more than {NAME_BYTES}", hint=hint)


def copy_file(
    source: IO[bytes], path: Path, *, overwrite: bool, commit_hook: CommitHook | None = None, below: Path | None = None
) -> None:
    """Copy all bytes of the open file `source` to the `AtomicFile` at `path`. Raises OutputError."""
    target = AtomicFile(path, overwrite=overwrite, commit_hook=commit_hook, below=below)
    try:
        with output_errors(target.folder), target.open() as part:
            source.seek(0)
            shutil.copyfileobj(source, part, 2**20)
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
