"""HEIC (ISO/IEC 23008-12 with HEVC), by libheif: read by pi-heif, which has no encoder, written by pillow-heif."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganfx.files.codecs.parts import Admit, Decoded, Parts, spread, three_dimensional
from ganfx.files.regular import open_regular

_WRITTEN_BITS = 10
# Of ITU-T H.273: Display P3, those of sRGB or not stated, and the curves PQ and HLG.
_P3, _SRGB_OR_UNSTATED, _BRIGHTER_THAN_WHITE = 12, (1, 2), (16, 18)
# Memory that decoding was seen to take.
_PIXEL_BYTES, _DEEP_PIXEL_BYTES = 12, 42


def decode(path: Path, admit: Admit) -> Decoded:
    """The primary picture, upright, of 8 bits or of more spread over 16. Raises what libheif raises."""
    import pi_heif

    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False
    with open_regular(path) as file:
        found = pi_heif.open_heif(file, convert_hdr_to_8bit=False)
        image = found[found.primary_index]
        width, height = image.size
        bits = int(image.info.get("bit_depth", 8))
        admit(width, height, _PIXEL_BYTES if bits == 8 else _DEEP_PIXEL_BYTES)
        samples = three_dimensional(np.array(image))  # its own memory goes with it
    if bits > 8:
        samples = spread(samples >> (16 - bits), 2**bits - 1)
    if image.premultiplied_alpha:
        samples = _straight(samples)
    info = image.info
    kept = {"icc": info.get("icc_profile"), "exif": info.get("exif"), "xmp": info.get("xmp")}
    space = "grey" if samples.shape[2] < 3 else "rgb"
    several = len(found) - 1
    notes: tuple[str, ...] = (f"only the primary of {several + 1} pictures is read",) if several else ()
    if not kept["icc"]:
        kept["icc"], more = _profile_for(info.get("nclx_profile") or {})
        notes += more
    return Decoded(samples, space, {key: bytes(data) for key, data in kept.items() if data}, notes=notes)  # type: ignore[arg-type]


def encode(samples: NDArray[Any], parts: Parts) -> bytes:
    """HEIC of 8 or 10 bits."""
    import pillow_heif

    height, width, bands = samples.shape
    mode = {3: "RGB", 4: "RGBA"}[bands]
    if samples.dtype != np.uint8:
        mode, samples = f"{mode};16", _of_ten_bits(samples)
    options: dict[str, Any] = {"quality": parts.quality}
    if parts.lossless:
        options = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
    kept = {"icc_profile": "icc", "exif": "exif", "xmp": "xmp"}
    options |= {name: parts.metadata[key] for name, key in kept.items() if key in parts.metadata}
    data = io.BytesIO()
    pillow_heif.encode(mode, (width, height), np.ascontiguousarray(samples).tobytes(), data, **options)
    return data.getvalue()


def _profile_for(coding: dict[str, Any]) -> tuple[bytes | None, tuple[str, ...]]:
    """The ICC profile of colors that the file names by numbers (ITU-T H.273), None for sRGB, and notes."""
    primaries, transfer = coding.get("color_primaries", 1), coding.get("transfer_characteristics", 13)
    if transfer in _BRIGHTER_THAN_WHITE:
        return None, ("its light goes beyond white (HDR), which is not followed: it looks pale",)
    if primaries == _P3:
        import pyvips

        return pyvips.Operation.call("profile_load", "p3"), ()
    if primaries in _SRGB_OR_UNSTATED:
        return None, ()
    return None, ("its colors are of another kind than sRGB, which is not followed",)


def _of_ten_bits(samples: NDArray[Any]) -> NDArray[Any]:
    """16-bit samples rounded to ten bits, in the upper bits, of which libheif takes them."""
    most = 2**_WRITTEN_BITS - 1
    rounded = (samples.astype(np.uint32) * most + 32767) // 65535
    return np.asarray(rounded << (16 - _WRITTEN_BITS), np.uint16)


def _straight(samples: NDArray[Any]) -> NDArray[Any]:
    full = np.iinfo(samples.dtype).max
    alpha = np.maximum(samples[..., -1:].astype(np.float32), 1)
    colors = np.minimum(np.rint(samples[..., :-1] * (full / alpha)), full).astype(samples.dtype)
    return np.concatenate([colors, samples[..., -1:]], -1)
