"""What a model file is and what it says of itself, read from its bytes alone: nothing in it is ever loaded or run."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from ganfx.errors import ContractError, ModelError, UnknownModelError
from ganfx.spec.model import KEY, ModelSpec

Kind = Literal["onnx", "checkpoint", "ncnn", "ncnn-binary", "html", "lfs-pointer", "mangled", "empty", "unknown"]

_FAULTS: dict[Kind, tuple[str, str]] = {
    "checkpoint": ("a PyTorch checkpoint, not an ONNX model", "convert it with: ganfx models import {path}"),
    "ncnn": ("an ncnn network, not an ONNX model", "convert it with: ganfx models import {path}"),
    "ncnn-binary": ("an ncnn network whose layers have no names", "take the .param file in plain text"),
    "html": ("a web page saved as a model", "download the file itself, not the page that shows it"),
    "lfs-pointer": ("a Git LFS pointer, not the model it stands for", "fetch the model with: git lfs pull"),
    "mangled": ("damaged by being copied as text", "download it again, as binary"),
    "empty": ("an empty file", "download it again"),
    "unknown": ("not an ONNX model", "ganfx runs .onnx files, and imports .pth, .safetensors and .param"),
}

MAX_METADATA_BYTES = 4 << 20
# Protocol buffers, and with them ONNX, end here.
MAX_MODEL_BYTES = (2 << 30) - 1
# Outermost fields of a model, and those of one entry of its metadata. Real models have some dozens, and two.
_MAX_FIELDS, _MAX_ENTRY_FIELDS = 1 << 14, 8
_HEADER_BYTES = 512
# What an ncnn network begins with, in plain text and in bytes.
_NCNN, _NCNN_BINARY = b"7767517", (7767517).to_bytes(4, "little")
# Opening a FIFO does not wait for a writer, and what a number of bytes is stays the same on Windows.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)

# Field numbers of ModelProto and of its entries in onnx.proto.
_IR_VERSION, _GRAPH, _METADATA = 1, 7, 14
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def read_spec(path: Path) -> ModelSpec | None:
    """The contract inside the ONNX file at `path`, None where it has none. Raises as `read_metadata` does."""
    return _spec(read_metadata(path), path)


def spec_in(content: bytes, path: Path) -> ModelSpec | None:
    """The same for the bytes of the file at `path`. Raises ContractError."""
    return _spec(_metadata(io.BytesIO(content), len(content), path), path)


def _spec(metadata: dict[str, str], path: Path) -> ModelSpec | None:
    stored = metadata.get(KEY)
    try:
        return ModelSpec.from_json(stored) if stored is not None else None
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", hint=error.hint) from error


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata_props of an ONNX file. Walks its outermost fields only, which also finds truncated files.

    Raises ContractError where it is no ONNX file, damaged, or has more metadata than `MAX_METADATA_BYTES`,
    UnknownModelError where there is no file, ModelError where it cannot be read.
    """
    try:
        with open_file(path) as file:
            return _metadata(file, os.fstat(file.fileno()).st_size, path)
    except OSError as error:
        raise unreadable(path, error) from error


def _metadata(file: BinaryIO, size: int, path: Path) -> dict[str, str]:
    if (kind := _kind(file.read(_HEADER_BYTES))) != "onnx":
        raise file_error(path, kind)
    file.seek(0)
    try:
        metadata = metadata_in(file, size)
    except EOFError as error:
        raise ContractError(f"{path}: truncated or damaged", hint="download it again") from error
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", hint=error.hint) from error
    if metadata is None:
        raise file_error(path, "unknown")
    return metadata


def metadata_in(file: BinaryIO, size: int) -> dict[str, str] | None:
    """The metadata_props of the ONNX model in `file`, of `size` bytes; None where there is no graph.

    Raises EOFError where it is truncated or damaged, ContractError where it has too much or contradictory metadata.
    """
    metadata: dict[str, str] = {}
    has_graph, room = False, MAX_METADATA_BYTES
    for number, content in _fields(file, size, {_METADATA}, room, _MAX_FIELDS):
        has_graph |= number == _GRAPH
        room -= len(content)
        if room < 0:
            raise ContractError(f"has more than {MAX_METADATA_BYTES >> 20} MiB of metadata")
        if number == _METADATA:
            key, value = _entry(content)
            if key == KEY and key in metadata:
                raise ContractError("has two contracts", hint="ask its author")
            metadata[key] = value
    return metadata if has_graph else None


def read_model(path: Path) -> bytes:
    """All bytes of the ONNX file at `path`. Raises ContractError where it is none, and as `sniff` does."""
    try:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_MODEL_BYTES:
                raise ContractError(f"{path}: is larger than the 2 GiB that an ONNX file can have")
            content = file.read(size)  # so much memory is asked for at once
    except OSError as error:
        raise unreadable(path, error) from error
    if (kind := _kind(content[:_HEADER_BYTES])) != "onnx":
        raise file_error(path, kind)
    return content


def sniff(path: Path) -> Kind:
    """The kind of file at `path`, by its first bytes. Raises UnknownModelError, ModelError."""
    try:
        with open_file(path) as file:
            return _kind(file.read(_HEADER_BYTES))
    except OSError as error:
        raise unreadable(path, error) from error


def open_file(path: Path) -> BinaryIO:
    """The file at `path`, or the one that it links to, opened for reading.

    Raises OSError, also where it is a folder, a FIFO, a device or a socket: those are never waited for.
    """
    descriptor = os.open(path, _READ)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(0, "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def unreadable(path: Path, error: OSError) -> ModelError:
    """The error for a model file at `path` that the system does not open."""
    if isinstance(error, FileNotFoundError):
        return UnknownModelError(f"{path}: no such model file")
    return ModelError(f"{path}: cannot be read: {error.strerror}")


def file_error(path: Path, kind: Kind) -> ContractError:
    """The error that says what the file at `path` is instead of a model."""
    message, hint = _FAULTS[kind]
    return ContractError(f"{path}: {message}", hint=hint.format(path=path))


def _kind(header: bytes) -> Kind:
    text = header.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not header:
        return "empty"
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "html"
    if text.startswith(b"version https://git-lfs"):
        return "lfs-pointer"
    if b"\xef\xbf\xbd" in header:  # the replacement character: bytes were decoded as UTF-8 and written back
        return "mangled"
    if text.startswith(_NCNN):
        return "ncnn"
    if header.startswith(_NCNN_BINARY):
        return "ncnn-binary"
    # A zip archive, a pickle of protocol 2 to 5, or safetensors: a length, then JSON.
    if header.startswith(b"PK\x03\x04") or (header[0] == 0x80 and header[1:2] in b"\2\3\4\5") or header[8:9] == b"{":
        return "checkpoint"
    return "onnx" if header[0] == _IR_VERSION << 3 | _VARINT else "unknown"


def _fields(file: BinaryIO, end: int, wanted: set[int], most: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Number and, for the `wanted`, content of each field up to `end`, of no content more than `most` + 1 bytes.

    Raises EOFError where a field goes past the end, ContractError where there are more than `count`.
    """
    seen = 0
    while file.tell() < end:
        seen += 1
        if seen > count:
            raise ContractError("has more parts than any model needs")
        number, wire = divmod(_varint(file), 8)
        if wire == _VARINT:
            _varint(file)
            yield number, b""
            continue
        if wire not in (_BYTES, _FIXED64, _FIXED32):
            raise EOFError
        size = _varint(file) if wire == _BYTES else {_FIXED64: 8, _FIXED32: 4}[wire]
        if file.tell() + size > end:
            raise EOFError
        if number in wanted:
            yield number, file.read(min(size, most + 1))
        else:
            file.seek(size, 1)
            yield number, b""


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise EOFError


def _entry(content: bytes) -> tuple[str, str]:
    parts = dict(_fields(io.BytesIO(content), len(content), {1, 2}, len(content), _MAX_ENTRY_FIELDS))
    try:
        return parts.get(1, b"").decode(), parts.get(2, b"").decode()
    except UnicodeDecodeError as error:
        raise EOFError from error
