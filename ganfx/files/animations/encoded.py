"""Single frames, encoded by libvips as files of their own, from which animations take what they need."""

from __future__ import annotations

import io
from typing import Any

import pyvips
from numpy.typing import NDArray

from ganfx.files import metadata
from ganfx.files.encoding import Encoding
from ganfx.files.writer import saver_options


def encoded(samples: NDArray[Any], encoding: Encoding, quality: int | None, *, with_metadata: bool = False) -> bytes:
    """A file of the samples (H, W, bands), in the format of `encoding`. Raises pyvips.Error or OutputError."""
    image = pyvips.Image.new_from_array(samples).copy(interpretation=encoding.interpretation)
    ready = encoding.metadata if with_metadata else {}
    image, keep = metadata.attach(image, ready, encoding.form)
    options = saver_options(encoding.form, image, quality or encoding.form.quality)
    file = io.BytesIO(pyvips.Operation.call(f"{encoding.form.saver}_buffer", image, keep=keep, **options))
    metadata.complete(file, ready, encoding.form)
    return file.getvalue()
