"""The call that decodes one file in a process of its own; `ganfx.files.decoding` is the other side."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from ganfx.errors import GanfxError, UnreadableError
from ganfx.files.budget import check_size
from ganfx.files.codecs.parts import CodecError, Decoded
from ganfx.files.formats import Codec, named

SAMPLES = "samples"


def decode(path: str, name: str, folder: str, is_own: bool) -> dict[str, Any]:
    """Write the samples and the metadata of the file at `path`, of the format `name`, into files in `folder`.

    Returns what is to be known of them, as plain JSON. Raises UnreadableError or PictureSizeError.
    """
    form = named(name)
    assert isinstance(form.loader, Codec)

    def admit(width: int, height: int, pixel_bytes: int) -> None:
        if width < 1 or height < 1:
            raise CodecError("a picture without pixels")
        check_size(width, height, form, pixel_bytes, is_own=is_own)

    try:
        module = importlib.import_module(f"ganfx.files.codecs.{form.loader.module}")
        found: Decoded = module.decode(Path(path), admit)
    except (GanfxError, MemoryError):
        raise
    except BaseException as error:  # decoders in Rust panic, with an exception that is no Exception
        raise UnreadableError(
            f"the file cannot be decoded ({_reason(error)})",
            hint="it may be damaged or cut off: copy or download it again",
        ) from error
    return _stored(found, Path(folder))


def _stored(found: Decoded, folder: Path) -> dict[str, Any]:
    samples = np.ascontiguousarray(found.samples)
    samples.tofile(folder / SAMPLES)
    for key, data in found.metadata.items():
        (folder / key).write_bytes(data)
    height, width, bands = samples.shape
    return {
        "width": width,
        "height": height,
        "bands": bands,
        "dtype": samples.dtype.name,
        "space": found.space,
        "metadata": list(found.metadata),
        "dpi": found.dpi,
        "orientation": found.orientation,
        "notes": list(found.notes),
    }


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:120] if lines else type(error).__name__
