"""How large a picture may be: in pixels, and in memory where it has to be there as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ganfx import paths
from ganfx.errors import OptionError, PictureSizeError
from ganfx.files.formats import Format
from ganfx.memory import memory

if TYPE_CHECKING:
    import pyvips

# A gigapixel, which is decoded from the top row down in some seconds and little memory.
_MAX_PIXELS = 2**30
# Frames of an animation: more than six minutes at 25 a second.
MAX_FRAMES = 10_000
# Smaller pictures are not measured against memory.
_SMALL_BYTES = 2**28
# Of the free memory, what a decoder may take.
_SHARE = 0.5
# What Python and its libraries take in a process of their own.
_PROCESS_BYTES = 2**28
_MIB = 2**20
_PREFIXES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_PIXELS = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?(?=[kmg])|[0-9]{1,15})([kmg]?)p?", re.IGNORECASE)
# Bytes of memory that libvips' decoders were seen to take for a pixel where they decode a file as a whole.
_WHOLE = {"WebP": 8, "AVIF": 15, "GIF": 10}
_DEEP_AVIF = 24
# A progressive JPEG is kept as coefficients of two bytes.
_COEFFICIENT = 2


def check_header(image: pyvips.Image, form: Format, *, is_own: bool = False) -> None:
    """Raises PictureSizeError where a file's header says that decoding it would take too many pixels, or memory.

    is_own: ganfx wrote it, so that any number of pixels is fine.
    """
    _check_pixels(image.width, image.height, is_own)
    if needed := _decoder_bytes(image, form):
        _check_decoder(needed, image.width, image.height, form)


def check_size(width: int, height: int, form: Format, pixel_bytes: int, *, is_own: bool = False) -> None:
    """As `check_header`, for a picture that is decoded as a whole, which takes `pixel_bytes` of memory for a pixel."""
    _check_pixels(width, height, is_own)
    _check_decoder(width * height * pixel_bytes, width, height, form)


def _check_pixels(width: int, height: int, is_own: bool) -> None:
    allowed = _allowed_pixels()
    count = int(width * height)
    if count > allowed and not is_own:
        raise PictureSizeError(
            f"{width}x{height} are {count} pixels, more than the {allowed} that are allowed",
            hint=f"cut it into parts, or allow it: --max-pixels {count}, or GANFX_MAX_PIXELS",
        )


def _check_decoder(needed: int, width: int, height: int, form: Format) -> None:
    # The decoded picture goes on into a filter, which needs memory, too.
    check_memory(needed, f"{form.name} of {width}x{height} pixels", share=_SHARE)


def check_frames(width: int, height: int, count: int) -> None:
    """Raises PictureSizeError where an animation of `count` frames has too many of them, or too many pixels in all."""
    if count > MAX_FRAMES:
        raise PictureSizeError(
            f"{count} frames are more than the {MAX_FRAMES} that are allowed", hint="cut the animation into parts"
        )
    pixels, allowed = width * height * count, _allowed_pixels()
    if pixels > allowed:
        raise PictureSizeError(
            f"{count} frames of {width}x{height} are {pixels} pixels, more than the {allowed} that are allowed",
            hint=f"cut the animation into parts, or allow it: --max-pixels {pixels}, or GANFX_MAX_PIXELS",
        )


def check_memory(needed: int, what: str, *, share: float = 1.0) -> None:
    """Raises PictureSizeError where `needed` bytes are more than that share of the free memory, or than the setting."""
    if needed <= _SMALL_BYTES:
        return
    allowed = _allowed_bytes(share)
    if needed > allowed:
        raise PictureSizeError(
            f"the {what} takes {needed // _MIB} MiB of memory, more than the {allowed // _MIB} MiB that are allowed",
            hint=f"cut it into parts, convert it to TIFF, or set GANFX_MAX_MEMORY_MIB={needed // _MIB + 1}",
        )


def decoder_bytes() -> int:
    """The memory that a process may take that decodes one file."""
    return max(_allowed_bytes(_SHARE), _SMALL_BYTES) + _PROCESS_BYTES


def _allowed_bytes(share: float) -> int:
    mib = _max_memory_mib()
    return mib * _MIB if mib else int(memory().available_bytes * share)


def _decoder_bytes(image: pyvips.Image, form: Format) -> int:
    """The memory that the decoder takes; 0 where it goes through the file row by row."""
    count, sample = int(image.width * image.height), 1 if image.format == "uchar" else 2
    if form.name in _WHOLE:
        return count * (_DEEP_AVIF if form.name == "AVIF" and sample > 1 else _WHOLE[form.name])
    if not (image.get_typeof("interlaced") and image.get("interlaced")):
        return 0
    return count * int(image.bands) * (_COEFFICIENT if form.name == "JPEG" else sample)


def _allowed_pixels() -> int:
    setting = paths.max_pixels()
    return _MAX_PIXELS if setting is None else parse_pixels("GANFX_MAX_PIXELS", setting)


def parse_pixels(name: str, text: str) -> int:
    """The number of pixels that the setting `name` says: 150000000, 150M, 1.5G, 1.5GP. Raises OptionError."""
    found = _PIXELS.fullmatch(text)
    count = round(float(found[1]) * _PREFIXES[found[2].upper()]) if found else 0
    if count < 1:
        raise OptionError(f"{name}: {text!r} is no number of pixels", hint="as in 2000000000, 150M or 1.5G")
    return count


def _max_memory_mib() -> int | None:
    """The value of GANFX_MAX_MEMORY_MIB; None where it is not set. Raises OptionError."""
    text = paths.max_memory_mib()
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise OptionError(
            f"GANFX_MAX_MEMORY_MIB: {text!r} is not a whole number above 0", hint="as in GANFX_MAX_MEMORY_MIB=4000"
        )
    return int(text)
