"""The set-up of libvips, what it may open, and its errors turned into those of ganfx."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvips

from ganfx.atomic import disk_full, output_errors, reason_of
from ganfx.errors import OutputError, PictureSizeError, UnreadableError
from ganfx.files.formats import FORMATS
from ganfx.files.regular import open_regular

# Files change between two readings, so libvips must not cache operations by file name.
pyvips.cache_set_max(0)


def _block_other_loaders() -> None:
    """Let libvips load those of the `FORMATS` only that it is to read.

    It finds a file's loader by its content, so that a drawing, a document or a raw dump could reach code that ganfx
    has no use for.
    """
    pyvips.operation_block_set("VipsForeignLoad", True)
    loaders = [form.loader for form in FORMATS if isinstance(form.loader, str)]
    for name in (f"{loader}{kind}" for loader in loaders for kind in ("", "_source", "_buffer")):
        pyvips.operation_block_set(pyvips.type_name(pyvips.type_find("VipsForeignLoad", name)), False)


_block_other_loaders()

# A disk with less free space counts as full.
_FULL_BYTES = 2**20


@contextmanager
def reading() -> Iterator[None]:
    """Turn what goes wrong while a picture is read into UnreadableError or PictureSizeError."""
    try:
        yield
    except pyvips.Error as error:
        raise UnreadableError(
            f"the file cannot be decoded ({_reason(error)})",
            hint="it may be damaged or cut off: copy or download it again",
        ) from error
    except (OSError, UnicodeError) as error:
        raise UnreadableError(f"cannot be read: {reason_of(error)}") from error
    except MemoryError as error:
        raise PictureSizeError("the picture does not fit into memory", hint="cut it into parts") from error


@contextmanager
def opened(path: Path) -> Iterator[pyvips.Source]:
    """The regular file at `path`, whatever bytes its name has, as a source for loaders. Raises as `reading` does.

    An image that was loaded from the source can be used after the block.
    """
    with open_regular(path) as file, reading():
        # libvips takes a descriptor of its own. On Windows it may have another table of them, and names are Unicode.
        is_windows = os.name == "nt"
        yield pyvips.Source.new_from_file(str(path)) if is_windows else pyvips.Source.new_from_descriptor(file.fileno())


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """`ganfx.atomic.output_errors`, for the errors of libvips too."""
    try:
        with output_errors(folder):
            yield
    except pyvips.Error as error:
        # Encoders report a full disk in many ways, some of them as "unknown error".
        if _is_full(folder):
            raise disk_full(folder) from error
        raise OutputError(f"cannot be written: {_reason(error)}", hint=f"is there free space in {folder}?") from error


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < _FULL_BYTES


def _reason(error: pyvips.Error) -> str:
    lines = [line.strip() for line in error.detail.splitlines() if line.strip()]
    return str(lines[-1][:120] if lines else error.message)
