"""JPEG XL (ISO/IEC 18181), by libjxl."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyjpegxl
from numpy.typing import NDArray

from ganfx.files.codecs.parts import Admit, Decoded, Parts
from ganfx.files.regular import open_regular

# What libjxl was seen to take for a channel of a pixel beside the samples.
_CHANNEL_BYTES = 12


def decode(path: Path, admit: Admit) -> Decoded:
    """An upright picture of 8 or 16 bits or of floats. Raises what libjxl raises."""
    with open_regular(path) as file:
        data = file.read()
    head = pyjpegxl.probe(data)
    bands = head.num_color_channels + head.has_alpha
    admit(head.width, head.height, bands * _CHANNEL_BYTES)
    found, samples = pyjpegxl.decode_to_numpy(data)
    kept = {"icc": found.icc, "exif": _without_offset(found.exif), "xmp": found.xmp}
    if found.icc == _unstated_profile(samples):
        del kept["icc"]
    return Decoded(
        samples, "grey" if head.num_color_channels == 1 else "rgb", {key: data for key, data in kept.items() if data}
    )


def encode(samples: NDArray[Any], parts: Parts) -> bytes:
    """A JXL of the samples' depth; EXIF is stored without its prefix, behind the offset of its first byte."""
    known: dict[str, Any] = {key: parts.metadata.get(key) for key in ("icc", "exif", "xmp")}
    if known["exif"]:
        known["exif"] = bytes(4) + known["exif"].removeprefix(b"Exif\0\0")
    return pyjpegxl.encode_from_numpy(
        np.ascontiguousarray(samples), lossless=parts.lossless, quality=_distance(parts.quality), **known
    )


def _without_offset(block: bytes | None) -> bytes | None:
    """The EXIF block in a box, which begins with its offset; some encoders leave that out."""
    if not block or block.startswith((b"II", b"MM")):
        return block
    return block[4 + int.from_bytes(block[:4], "big") :]


def _unstated_profile(samples: NDArray[Any]) -> bytes | None:
    """The profile that libjxl makes for samples of this kind which have none."""
    plain = np.zeros((1, 1, samples.shape[2]), samples.dtype)
    made: bytes | None = pyjpegxl.decode_to_numpy(pyjpegxl.encode_from_numpy(plain, lossless=True))[0].icc
    return made


def _distance(quality: int) -> float:
    """Butteraugli's distance for a quality of 1 to 100, as libjxl's own cjxl takes it."""
    if quality >= 30:
        return 0.1 + (100 - quality) * 0.09
    return 53 / 3000 * quality**2 - 23 / 20 * quality + 25
