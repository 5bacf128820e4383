"""libvips, set up once, and its errors in our words."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvips

from ganfx.errors import DiskFullError, OutputError, PictureSizeError, UnreadableError

# Files change between two readings and batches are long: nothing is to be remembered by name.
pyvips.cache_set_max(0)

_FULL_BYTES = 2**20


@contextmanager
def reading() -> Iterator[None]:
    """Turns what goes wrong while a picture is read into UnreadableError or PictureSizeError."""
    try:
        yield
    except pyvips.Error as error:
        raise UnreadableError(
            f"the file cannot be decoded ({_reason(error)})",
            hint="it may be damaged or cut off: copy or download it again",
        ) from error
    except (OSError, UnicodeError) as error:
        raise UnreadableError(f"cannot be read: {_spoken(error)}") from error
    except MemoryError as error:
        raise PictureSizeError("the picture does not fit into memory", hint="cut it into parts") from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns what goes wrong while a file is written into `folder` into OutputError, DiskFullError or
    PictureSizeError."""
    try:
        yield
    except pyvips.Error as error:
        # Encoders report a full disk in many ways, some of them as "unknown error".
        if _is_full(folder):
            raise _full(folder) from error
        raise OutputError(f"cannot be written: {_reason(error)}", hint=f"is there free space in {folder}?") from error
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(folder) from error
        too_large = isinstance(error, OSError) and error.errno == errno.EFBIG
        hint = f"is there free space in {folder}?" if too_large else f"may you write in {folder}?"
        raise OutputError(f"cannot be written: {_spoken(error)}", hint=hint) from error
    except MemoryError as error:
        raise PictureSizeError("the result does not fit into memory", hint="write PNG or TIFF") from error


def _full(folder: Path) -> DiskFullError:
    return DiskFullError(
        "cannot be written: no space left on device", hint=f"make free space in {folder}, then run it again"
    )


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < _FULL_BYTES


def _spoken(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()


def _reason(error: pyvips.Error) -> str:
    lines = [line.strip() for line in error.detail.splitlines() if line.strip()]
    return str(lines[-1][:120] if lines else error.message)
