"""One folder in a store: what is in it, read and written."""

from __future__ import annotations

import contextlib
import inspect
import os
import posixpath
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ganfx.atomic import copy_file, new_token, reason_of
from ganfx.errors import ItemError, OptionError, OutputError, UnreadableError
from ganfx.open_folder import OpenFolder
from ganfx.stores.addresses import kind_of
from ganfx.stores.listing import list_files
from ganfx.text import printable

# How often what fails is tried, with a pause of so many seconds that doubles; the libraries of stores try again, too.
_TRIES, _PAUSE_S = 4, 0.5
_FINAL = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)
_MOST_CHARACTERS = 160
Made = TypeVar("Made")


@dataclass(frozen=True)
class StoredFile:
    """A file in a store.

    name     relative to the store's folder, with slashes
    size     in bytes
    version  changes when the contents do: the store's own hash, or size and time
    """

    name: str
    size: int
    version: str


class Store:
    """The folder at an address, or at a path of this computer. For several threads.

    Raises OptionError where what it needs is not installed, or it is no address.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") or url
        self.kind = kind_of(url)
        if self.kind and not self.kind.is_installed:
            raise OptionError(f"{url} needs {self.kind.needs}, which is not installed", hint=self.kind.hint)
        if not _has_fsspec():
            raise OptionError("stores need fsspec, which is not installed", hint='pip install "ganfx[s3]"')
        import fsspec

        address = self.url if self.kind else f"file://{os.path.abspath(self.url)}"
        try:
            self.fs, root = fsspec.core.url_to_fs(address, skip_instance_cache=True, use_listings_cache=False)
        except Exception as error:
            raise OptionError(f"{url}: {reason(error)}", hint=self.kind.credentials if self.kind else None) from error
        self.root = root.rstrip("/")
        self.is_local = "file" in _protocols(self.fs)
        if not self.root:
            raise OptionError(f"{url} names no bucket", hint="write it as in s3://bucket/folder")

    def address_of(self, name: str) -> str:
        """The address of the file called `name` here."""
        return f"{self.url}/{name}" if name else self.url

    def entry(self, name: str = "") -> StoredFile | None:
        """The file called `name`; None where there is none. Raises UnreadableError, OptionError without credentials."""
        try:
            info = self._tried(lambda: self.fs.info(self._path(name)))
        except FileNotFoundError:
            return None
        return _entry(info, name) if info["type"] == "file" else None

    def is_there(self) -> bool:
        """Whether there is such a folder, or file."""
        return bool(self._tried(lambda: self.fs.exists(self.root)))

    def files(self, *, recursive: bool) -> Iterator[StoredFile]:
        """The files in the folder, as they are listed, without hidden ones; in those below, too.

        Raises OptionError where there is no such folder, or it may not be read.
        """
        begin = len(self.root) + 1
        listed = list_files(self.fs, self.root, recursive=recursive)
        while True:
            try:
                info = next(listed, None)
            except FileNotFoundError as error:
                raise OptionError(f"{self.url}: there is nothing", hint="is it written as it is called?") from error
            except Exception as error:
                raise self._closed(error) from error
            if info is None:
                return
            name = info["name"].lstrip("/") if not info["name"].startswith(self.root) else info["name"][begin:]
            if name and not any(part.startswith(".") for part in name.split("/")):
                yield _entry(info, name)

    def fetch(self, name: str, path: Path) -> None:
        """Copy the file called `name` to `path`. Raises UnreadableError."""
        try:
            self._tried(lambda: self.fs.get_file(self._path(name), str(path)))
        except FileNotFoundError as error:
            raise UnreadableError("it is not there any more", hint="was it moved while it was listed?") from error

    def read(self, name: str) -> bytes:
        """The contents of the file called `name`. Raises UnreadableError."""
        try:
            found: bytes = self._tried(lambda: self.fs.cat_file(self._path(name)))
        except FileNotFoundError as error:
            raise UnreadableError(f"{self.address_of(name)} is not there") from error
        return found

    def put(self, path: Path, name: str, *, overwrite: bool) -> bool:
        """Make the file called `name` of the one at `path`, whole or not at all.

        False where there is one already that is not to be replaced. Raises OutputError.
        """
        try:
            self._tried(lambda: self._put(path, self._path(name), overwrite), kind=OutputError)
        except FileExistsError:
            return False
        except OSError as error:
            raise OutputError(f"cannot be written: {reason(error)}", hint="may you write there?") from error
        return True

    def _put(self, path: Path, target: str, overwrite: bool) -> None:
        if self.is_local:
            _put_locally(path, Path(target), Path(self.root), overwrite)
            return
        options = inspect.signature(getattr(self.fs, "_put_file", self.fs.put_file)).parameters
        if "mode" in options:  # S3 and Google: a condition that the store itself checks
            self.fs.put_file(str(path), target, mode="overwrite" if overwrite else "create")
        elif "overwrite" in options:  # Azure
            self.fs.put_file(str(path), target, overwrite=overwrite)
        else:
            self._put_aside(path, target, overwrite)

    def _put_aside(self, path: Path, target: str, overwrite: bool) -> None:
        """For stores in which a file is seen while it is written: under another name first."""
        if not overwrite and self.fs.exists(target):
            raise FileExistsError
        folder, name = posixpath.split(target)
        part = f"{folder}/.{name}.{new_token()}.part"
        self.fs.makedirs(folder, exist_ok=True)
        try:
            self.fs.put_file(str(path), part)
            if overwrite and self.fs.exists(target):
                self.fs.rm_file(target)
            self.fs.mv(part, target)
        except BaseException:
            with contextlib.suppress(Exception):
                self.fs.rm_file(part)
            raise

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root

    def _tried(self, call: Callable[[], Made], kind: type[ItemError] = UnreadableError) -> Made:
        """What `call` returns, tried again where its failure may pass. Raises `kind`, and what is final."""
        pause = _PAUSE_S
        for left in reversed(range(_TRIES)):
            try:
                return call()
            except (ItemError, *_FINAL) as error:
                if isinstance(error, PermissionError):
                    hint = self.kind.credentials if self.kind else "may you read it?"
                    raise kind(f"the store refuses it: {reason(error)}", hint=hint) from error
                raise
            except Exception as error:
                if "redential" in type(error).__name__:
                    raise self._closed(error) from error
                if not left:
                    raise kind(f"the store does not do it: {reason(error)}", hint="try again later") from error
                time.sleep(pause)
                pause *= 2
        raise AssertionError

    def _closed(self, error: Exception) -> OptionError:
        hint = self.kind.credentials if self.kind else "may you read it?"
        return OptionError(f"{self.url} cannot be used: {reason(error)}", hint=hint)


def reason(error: Exception) -> str:
    """What a library says of a failure, in one line."""
    return printable(reason_of(error) or type(error).__name__)[:_MOST_CHARACTERS]


def _put_locally(path: Path, target: Path, root: Path, overwrite: bool) -> None:
    if not overwrite and os.path.lexists(target):
        raise FileExistsError
    root.mkdir(parents=True, exist_ok=True)
    with OpenFolder.at(target.parent, below=root, create=True):
        pass
    with path.open("rb") as file:
        copy_file(file, target, overwrite=overwrite, below=root)


def _entry(info: dict[str, Any], name: str) -> StoredFile:
    size = int(info.get("size") or 0)
    known = next((info[key] for key in ("ETag", "etag", "md5Hash", "content_md5") if info.get(key)), None)
    times = (info[key] for key in ("mtime", "LastModified", "last_modified") if info.get(key))
    return StoredFile(name, size, str(known).strip('"') if known else f"{size} {next(times, '')}")


def _has_fsspec() -> bool:
    from importlib import util

    return util.find_spec("fsspec") is not None


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
