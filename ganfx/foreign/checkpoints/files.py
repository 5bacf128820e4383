"""The kinds of files that checkpoints are: a zip archive, torch's older format, and safetensors."""

from __future__ import annotations

import json
import math
import struct
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np

from ganfx.errors import ContractError
from ganfx.foreign.checkpoints.tensors import Array, Storage, item_bytes, number_type, numbers
from ganfx.foreign.checkpoints.unpickling import unpickled

# The first object of the older format.
_MAGIC = 0x1950A86A20F9469CFC6C
_MAX_PICKLE_BYTES = 64 << 20
_MAX_HEADER_BYTES = 64 << 20
_MAX_STORAGES = 200_000
MAX_BYTES = 8 << 30
# safetensors' names of types.
_SAFE_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
_DAMAGED = "truncated or damaged"
# What a damaged archive can raise.
_BAD_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError)


def stored_object(file: BinaryIO, size: int) -> Any:
    """What the checkpoint in `file`, of `size` bytes, holds; its tensors have their numbers. Raises ContractError."""
    header = file.read(9)
    file.seek(0)
    if header.startswith(b"PK"):
        return _from_zip(file)
    return _safetensors(file, size) if header[8:] == b"{" else _legacy(file, size)


def _from_zip(file: BinaryIO) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            names = [name for name in entries if name.rpartition("/")[2] == "data.pkl"]
            if len(names) != 1 or entries[names[0]].file_size > _MAX_PICKLE_BYTES:
                raise ContractError("a zip archive that holds no weights")
            folder = names[0].removesuffix("data.pkl")
            reader = _ZipReader(archive, entries, folder)
            with archive.open(names[0]) as pickled:
                return unpickled(pickled, reader.storage)  # type: ignore[arg-type]
    except _BAD_ZIP as error:
        raise ContractError(_DAMAGED, hint="download it again") from error


class _ZipReader:
    """Reads each storage once, of an archive whose entries may be packed."""

    def __init__(self, archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], folder: str) -> None:
        self._archive, self._entries, self._folder = archive, entries, folder
        if (order := entries.get(f"{folder}byteorder")) is not None:
            with archive.open(order) as file:
                if file.read(3) == b"big":
                    raise ContractError("was written on a computer of another kind (big-endian)")
        self._read: dict[str, Storage] = {}
        self._left = MAX_BYTES

    def storage(self, storage: Storage, rest: tuple[Any, ...]) -> Storage:
        if storage.key in self._read:
            return self._read[storage.key]
        entry = self._entries.get(f"{self._folder}data/{storage.key}")
        size = storage.count * item_bytes(storage.kind)
        if entry is None or entry.file_size != size:
            raise ContractError(_DAMAGED, hint="download it again")
        self._left -= size
        if self._left < 0:
            raise ContractError(f"has more than {MAX_BYTES >> 30} GiB of weights")
        with self._archive.open(entry) as file:
            storage.values = numbers(_exactly(file, size), storage.kind)
        self._read[storage.key] = storage
        return storage


def _legacy(file: BinaryIO, size: int) -> Any:
    """Magic number, version, facts about the writer, the object, the keys of its storages, and their numbers."""
    storages: dict[str, Storage] = {}

    def keep(storage: Storage, rest: tuple[Any, ...]) -> Storage:
        if len(storages) >= _MAX_STORAGES or any(rest):
            raise ContractError("has weights in a way that ganfx does not read")
        return storages.setdefault(storage.key, storage)

    found = unpickled(file, keep)
    if not isinstance(found, int) or found != _MAGIC:
        return found
    unpickled(file, keep)
    unpickled(file, keep)
    found, keys = unpickled(file, keep), unpickled(file, keep)
    if not isinstance(keys, list) or not set(map(str, keys)) <= set(storages):
        raise ContractError(_DAMAGED, hint="download it again")
    for key in map(str, keys):
        storage = storages[key]
        (count,) = struct.unpack("<q", _exactly(file, 8))
        length = storage.count * item_bytes(storage.kind)
        if count != storage.count or length > size:
            raise ContractError(_DAMAGED, hint="download it again")
        storage.values = numbers(_exactly(file, length), storage.kind)
    return found


def _safetensors(file: BinaryIO, size: int) -> dict[str, Array]:
    (length,) = struct.unpack("<Q", _exactly(file, 8))
    if length > min(_MAX_HEADER_BYTES, size - 8):
        raise ContractError("a damaged .safetensors file", hint="download it again")
    try:
        header = json.loads(_exactly(file, length))
        described = {name: value for name, value in header.items() if name != "__metadata__"}
        content = file.read(size)
        return {name: _safe_tensor(value, content) for name, value in described.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ContractError("a damaged .safetensors file", hint="download it again") from error


def _safe_tensor(described: dict[str, Any], content: bytes) -> Array:
    kind, (begin, end) = number_type(_SAFE_TYPES[described["dtype"]]), described["data_offsets"]
    shape = tuple(described["shape"])
    whole = (begin, end, *shape)
    if kind is None or not all(type(number) is int and number >= 0 for number in whole) or end > len(content):
        raise ValueError
    if end - begin != math.prod(shape) * item_bytes(kind):
        raise ValueError
    return np.ascontiguousarray(numbers(content[begin:end], kind).reshape(shape))


def _exactly(file: Any, size: int) -> bytes:
    content = bytes(file.read(size))
    if len(content) != size:
        raise ContractError(_DAMAGED, hint="download it again")
    return content
