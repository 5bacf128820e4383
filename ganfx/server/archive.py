"""Many files as one ZIP, made while it is sent: neither the disk nor the memory holds it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20


def zipped(files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """The bytes of a ZIP of `files`, which are (name in the ZIP, path). Pictures are stored as they are.

    A file that is gone is left out.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            if not path.exists():
                continue
            with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
                    yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """What the ZIP is written to, and taken from again."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: Any, /) -> int:
        """Keep `data`."""
        self._data += data
        return len(data)

    def take(self) -> bytes:
        """What was written since."""
        data = bytes(self._data)
        self._data.clear()
        return data


def distinct(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """`names` in their order, numbered where there was one already, be it in capitals: a.png, a-2.png."""
    used, found = {name.casefold() for name in taken}, []
    for name in names:
        path, number, fresh = Path(name), 2, name
        while fresh.casefold() in used:
            fresh, number = f"{path.stem}-{number}{path.suffix}", number + 1
        used.add(fresh.casefold())
        found.append(fresh)
    return found
