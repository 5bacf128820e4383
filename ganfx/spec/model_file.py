"""What a model file is, told from its first bytes and its outline; nothing in it is ever loaded or run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from ganfx.errors import ContractError, ModelError, UnknownModelError

Kind = Literal["onnx", "checkpoint", "html", "lfs-pointer", "mangled", "empty", "unknown"]

_FAULTS: dict[Kind, tuple[str, str]] = {
    "checkpoint": ("a PyTorch checkpoint, not an ONNX model", "convert it with: ganfx models import {path}"),
    "html": ("a web page saved as a model", "download the file itself, not the page that shows it"),
    "lfs-pointer": ("a Git LFS pointer, not the model it stands for", "fetch the model with: git lfs pull"),
    "mangled": ("damaged by being copied as text", "download it again, as binary"),
    "empty": ("an empty file", "download it again"),
    "unknown": ("not an ONNX model", "ganfx runs .onnx files, and imports .pth and .safetensors"),
}

# Field numbers of ModelProto and of its entries in onnx.proto.
_IR_VERSION, _GRAPH, _METADATA = 1, 7, 14
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def sniff(path: Path) -> Kind:
    """The kind of file at `path`, by its first bytes. Raises ModelError where it cannot be read."""
    try:
        with path.open("rb") as file:
            header = file.read(512)
    except FileNotFoundError as error:
        raise UnknownModelError(f"{path}: no such model file") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    return _kind(header)


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
    # A zip archive, a pickle of protocol 2 to 5, or safetensors: a length, then JSON.
    if header.startswith(b"PK\x03\x04") or (header[0] == 0x80 and header[1:2] in b"\2\3\4\5") or header[8:9] == b"{":
        return "checkpoint"
    return "onnx" if header[0] == _IR_VERSION << 3 | _VARINT else "unknown"


def fault(path: Path, kind: Kind) -> ContractError:
    """The error that says what the file at `path` is instead of a model."""
    message, hint = _FAULTS[kind]
    return ContractError(f"{path}: {message}", hint=hint.format(path=path))


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of an ONNX file, read without loading the model. Raises ContractError where it is not one.

    Walks the file's outermost fields only, which also finds truncated files.
    """
    kind = sniff(path)
    if kind != "onnx":
        raise fault(path, kind)
    metadata, has_graph = {}, False
    with path.open("rb") as file:
        try:
            for field, content in _fields(file, path.stat().st_size, {_METADATA}):
                has_graph |= field == _GRAPH
                if field == _METADATA:
                    key, value = _entry(content)
                    metadata[key] = value
        except (EOFError, UnicodeDecodeError) as error:
            raise ContractError(f"{path}: truncated or damaged", hint="download it again") from error
    if not has_graph:
        raise fault(path, "unknown")
    return metadata


def _fields(file: BinaryIO, end: int, wanted: set[int]) -> Iterator[tuple[int, bytes]]:
    """Number and, for the `wanted`, content of each field up to `end`. Raises EOFError where one goes past it."""
    while file.tell() < end:
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
            yield number, file.read(size)
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
    import io

    parts = dict(_fields(io.BytesIO(content), len(content), {1, 2}))
    return parts.get(1, b"").decode(), parts.get(2, b"").decode()
