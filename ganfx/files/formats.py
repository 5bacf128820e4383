"""What each file format can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganfx.errors import OutputError


@dataclass(frozen=True)
class Format:
    """A format that is read and written.

    name       for the user
    suffixes   of its files, lower-case; the first is used for new files
    loader     the operation of libvips that reads it
    saver      the operation of libvips that writes it
    bits       greatest depth of a sample
    alpha      whether it stores alpha
    grey       whether it stores one channel
    keeps      what it stores of icc, exif, xmp, iptc, dpi (besides the one in EXIF) and text
    max_side   longest side in pixels
    max_exif   longest EXIF block in bytes
    quality    default of 1..100; None: there is no choice
    options    options that the saver always gets
    """

    name: str
    suffixes: tuple[str, ...]
    loader: str
    saver: str
    bits: int = 8
    alpha: bool = True
    grey: bool = False
    keeps: frozenset[str] = frozenset()
    max_side: int = 2**31 - 1
    max_exif: int = 65_500
    quality: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def _keeps(words: str) -> frozenset[str]:
    return frozenset(words.split())


FORMATS = (
    Format(
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        "jpegload",
        "jpegsave",
        alpha=False,
        grey=True,
        keeps=_keeps("icc exif xmp iptc"),
        max_side=65_500,
        quality=92,
    ),
    Format(
        "PNG",
        (".png",),
        "pngload",
        "pngsave",
        bits=16,
        grey=True,
        keeps=_keeps("icc exif xmp dpi text"),
        options={"compression": 6},
    ),
    Format(
        "WebP",
        (".webp",),
        "webpload",
        "webpsave",
        keeps=_keeps("icc exif xmp"),
        max_side=16_383,
        quality=90,
        options={"exact": True},
    ),
    Format(
        "TIFF",
        (".tif", ".tiff"),
        "tiffload",
        "tiffsave",
        bits=16,
        grey=True,
        keeps=_keeps("icc exif xmp iptc dpi"),
        max_exif=2**31 - 1,
        options={"compression": "deflate", "predictor": "horizontal", "resunit": "inch"},
    ),
    Format(
        "AVIF",
        (".avif",),
        "heifload",
        "heifsave",
        bits=12,
        keeps=_keeps("icc exif xmp"),
        max_side=16_384,
        quality=75,
        options={"compression": "av1"},
    ),
    Format("GIF", (".gif",), "gifload", "gifsave", max_side=65_535),
)

WRITABLE = {suffix: form for form in FORMATS for suffix in form.suffixes}


def format_for(path: Path) -> Format:
    """The format that the suffix of `path` asks for. Raises OutputError where it is none of `WRITABLE`."""
    try:
        return WRITABLE[path.suffix.lower()]
    except KeyError:
        known = ", ".join(form.suffixes[0] for form in FORMATS)
        what = f"cannot write {path.suffix} files" if path.suffix else "the output name has no suffix"
        raise OutputError(what, hint=f"writable: {known}") from None
