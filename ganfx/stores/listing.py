"""The files in a folder of a store, as they are listed, so that a million names do not wait for the last."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

# Names that are taken from a store's own loop at once.
_AT_ONCE = 1000


def list_files(fs: Any, root: str, *, recursive: bool) -> Iterator[dict[str, Any]]:
    """What the file system `fs` of fsspec tells of each file below `root`, or just in it.

    Raises FileNotFoundError where there is nothing, and what the store raises.
    """
    found = _pages(fs, root, recursive) if hasattr(fs, "_iterdir") and hasattr(fs, "split_path") else None
    listed = found if found is not None else _folders(fs, root, recursive)
    first = next(listed, None)
    if first is None:
        # A folder that is empty is there; a bucket or a prefix that is not is told of.
        fs.info(root)
        return
    yield from itertools.chain([first], listed)


def _folders(fs: Any, root: str, recursive: bool) -> Iterator[dict[str, Any]]:
    """Folder by folder, in the order of their names."""
    waiting = [root]
    while waiting:
        found = sorted(fs.ls(waiting.pop(), detail=True), key=lambda info: str(info["name"]))
        yield from (info for info in found if info["type"] == "file")
        if recursive:
            waiting += [info["name"] for info in reversed(found) if info["type"] == "directory"]


def _pages(fs: Any, root: str, recursive: bool) -> Iterator[dict[str, Any]]:
    """Page by page, for S3: s3fs itself gives a listing once it has all of it."""
    from fsspec.asyn import sync

    bucket, key, _ = fs.split_path(root)
    prefix, delimiter = (f"{key}/" if key else ""), ("" if recursive else "/")
    infos: AsyncIterator[dict[str, Any]] = fs._iterdir(bucket, delimiter=delimiter, prefix=prefix)

    async def some() -> list[dict[str, Any]]:
        taken = []
        async for info in infos:
            taken.append(info)
            if len(taken) >= _AT_ONCE:
                break
        return taken

    while page := sync(fs.loop, some):
        yield from (info for info in page if info["type"] == "file" and not info["name"].endswith("/"))
