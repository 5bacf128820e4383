"""Formats that libvips does not read or write here, one module each.

`decode(path, admit)` gives the whole picture of a file, and is called in a process of its own, by
`ganfx.files.codecs.child`; before it decodes, it lets `admit` say whether the picture may be so large.
`encode(samples, parts)` gives the bytes of a file, and is called in ganfx's own process, for pictures of its own.
"""

from __future__ import annotations

import importlib
from typing import Any

from numpy.typing import NDArray

from ganfx.errors import OutputError
from ganfx.files.codecs.parts import Parts
from ganfx.files.formats import Codec


def encoded(codec: Codec, samples: NDArray[Any], parts: Parts) -> bytes:
    """The file of `samples` (H, W, bands). Raises OutputError where the encoder refuses them."""
    module = importlib.import_module(f"{__name__}.{codec.module}")
    try:
        data: bytes = module.encode(samples, parts)
    except MemoryError:
        raise
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise OutputError(f"cannot be written: {lines[-1][:120]}", hint="is there free space and memory?") from error
    return data
