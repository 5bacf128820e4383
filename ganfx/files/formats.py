"""What each file format can hold, and what reads and writes it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ganfx.errors import OutputError

# The color space of what is written: as it was read, or converted.
Icc = Literal["keep", "srgb", "p3"]


@dataclass(frozen=True)
class Codec:
    """Code outside libvips that reads or writes a format.

    module    in `ganfx.files.codecs`
    needs     the module that it imports
    package   what pip installs for it, as in `pip install PACKAGE`; of ganfx's extras one in brackets
    """

    module: str
    needs: str
    package: str

    @property
    def is_installed(self) -> bool:
        """Whether what it needs can be imported."""
        return importlib.util.find_spec(self.needs) is not None

    @property
    def hint(self) -> str:
        """How to install what it needs, from the index and from a clone."""
        if self.package.startswith("["):
            return f'pip install "ganfx{self.package}", in a clone pip install ".{self.package}"'
        return f"pip install {self.package}"


@dataclass(frozen=True)
class Format:
    """A format that is read, or written, or both.

    name       for the user
    suffixes   of its files, lower-case; the first is used for new files
    loader     the operation of libvips that reads it, or what else does
    saver      the operation of libvips that writes it, or what else does; None: it is not written
    result     the suffix of results made from its files, where it is not written, or not here
    bits       greatest depth of a sample; 32: floats
    least      least depth of a sample
    alpha      whether it stores alpha
    grey       whether it stores one channel
    keeps      what it stores of icc, exif, xmp, iptc, dpi (besides the one in EXIF) and text
    max_side   longest side in pixels
    max_exif   longest EXIF block in bytes
    quality    default of 1..100; None: there is no choice
    lossless   whether all samples come back as they were, where there is a quality at 100
    options    options that the saver always gets
    animation  whether it holds several frames with their times
    """

    name: str
    suffixes: tuple[str, ...]
    loader: str | Codec
    saver: str | Codec | None
    result: str | None = None
    bits: int = 8
    least: int = 8
    alpha: bool = True
    grey: bool = False
    keeps: frozenset[str] = frozenset()
    max_side: int = 2**31 - 1
    max_exif: int = 65_500
    quality: int | None = None
    lossless: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    animation: bool = False

    @property
    def is_written(self) -> bool:
        """Whether it is written, and what that needs is installed."""
        return self.saver.is_installed if isinstance(self.saver, Codec) else self.saver is not None

    @property
    def result_suffix(self) -> str:
        """The suffix of results made from its files."""
        return self.result if self.result and not self.is_written else self.suffixes[0]


def _keeps(words: str) -> frozenset[str]:
    return frozenset(words.split())


_JXL = Codec("jxl", "pyjpegxl", "[jxl]")
_EXR = Codec("openexr", "OpenEXR", "OpenEXR")
_PILLOW = Codec("bitmap", "PIL", "pillow")
_OPENCV = "opencv-python-headless"
_TARGA = Codec("targa", "PIL", "pillow")
_JPEG2000 = Codec("jpeg2000", "cv2", _OPENCV)
_RADIANCE = Codec("radiance", "cv2", _OPENCV)
_NETPBM = Codec("netpbm", "numpy", "numpy")
_LAYERED = Codec("layered", "pyvips", "pyvips")
_RAW_SUFFIXES = (".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw", ".nrw", ".crw", ".x3f")

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
        lossless=False,
    ),
    Format(
        "PNG",
        (".png", ".apng"),
        "pngload",
        "pngsave",
        bits=16,
        grey=True,
        keeps=_keeps("icc exif xmp dpi text"),
        options={"compression": 6},
        animation=True,
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
        animation=True,
    ),
    Format(
        "TIFF",
        (".tif", ".tiff"),
        "tiffload",
        "tiffsave",
        bits=32,
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
        animation=True,
    ),
    Format("GIF", (".gif",), "gifload", "gifsave", max_side=65_535, lossless=False, animation=True),
    Format(
        "HEIC",
        (".heic", ".heif", ".hif"),
        Codec("heif", "pi_heif", "pi-heif"),
        Codec("heif", "pillow_heif", "[heic]"),
        result=".jpg",
        bits=10,
        keeps=_keeps("icc exif xmp"),
        max_side=16_384,
        quality=75,
    ),
    Format(
        "JPEG XL",
        (".jxl",),
        _JXL,
        _JXL,
        bits=32,
        grey=True,
        keeps=_keeps("icc exif xmp"),
        max_side=2**18,
        quality=90,
    ),
    Format("RAW", _RAW_SUFFIXES, Codec("raw", "rawpy", "rawpy"), None, result=".tif", bits=16, alpha=False),
    Format("BMP", (".bmp", ".dib"), _PILLOW, _PILLOW, keeps=_keeps("dpi"), max_side=2**16 - 1),
    Format("PNM", (".ppm", ".pgm", ".pnm"), _NETPBM, _NETPBM, bits=16, alpha=False, grey=True),
    Format("PBM", (".pbm",), _NETPBM, None, result=".pgm", alpha=False, grey=True),
    Format("PAM", (".pam",), _NETPBM, _NETPBM, bits=16, grey=True),
    Format("PFM", (".pfm",), _NETPBM, _NETPBM, bits=32, least=32, alpha=False, grey=True),
    Format("TGA", (".tga",), _PILLOW, _TARGA, grey=True, max_side=2**16 - 1),
    Format("JPEG 2000", (".jp2", ".jpx"), _JPEG2000, _JPEG2000, bits=16, keeps=_keeps("icc exif xmp")),
    Format("JPEG 2000 codestream", (".j2k", ".j2c", ".jpc"), _JPEG2000, None, result=".jp2", bits=16),
    Format("Radiance HDR", (".hdr", ".pic"), _RADIANCE, _RADIANCE, bits=32, least=32, alpha=False, lossless=False),
    Format("OpenEXR", (".exr",), _EXR, _EXR, bits=32, least=32, grey=True),
    Format("PSD", (".psd", ".psb"), Codec("photoshop", "pyvips", "pyvips"), None, result=".tif"),
    Format("KRA", (".kra",), _LAYERED, None, result=".png"),
    Format("ORA", (".ora",), _LAYERED, None, result=".png"),
)

READABLE = {suffix: form for form in FORMATS for suffix in form.suffixes}
WRITABLE = {suffix: form for suffix, form in READABLE.items() if form.saver}

# Of files that people call pictures; XCF is known and refused.
PICTURE_SUFFIXES = frozenset(READABLE) | {".xcf"}


def format_for(path: Path) -> Format:
    """The format that the suffix of `path` asks for. Raises OutputError where it is none of `WRITABLE`."""
    form = WRITABLE.get(path.suffix.lower())
    if form is None:
        known = ", ".join(dict.fromkeys(form.suffixes[0] for form in WRITABLE.values()))
        what = f"cannot write {path.suffix} files" if path.suffix else "the output name has no suffix"
        raise OutputError(what, hint=f"writable: {known}")
    if isinstance(form.saver, Codec) and not form.saver.is_installed:
        raise OutputError(f"writing {form.name} needs {form.saver.needs}, which is not installed", hint=form.saver.hint)
    return form


def named(name: str) -> Format:
    """The format of this name."""
    return next(form for form in FORMATS if form.name == name)


PNG = named("PNG")
