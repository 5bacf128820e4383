"""The set-up of libvips, and its errors turned into those of ganfx."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvips

from ganfx.atomic import disk_full, output_errors, reason_of
from ganfx.errors import OutputError, PictureSizeError, UnreadableError

# Files change between two readings, so libvips must not cache operations by file name.
pyvips.cache_set_max(0)

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
