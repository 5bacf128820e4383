"""Files that libvips does not read, decoded in a process of their own and given as images of libvips.

Decoders of many hands read a stranger's bytes there: one that crashes, hangs or takes too much memory ends its
process, and one file fails.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from typing import Any

import pyvips

from ganfx import isolation
from ganfx.errors import UnreadableError, UnsupportedError
from ganfx.files.budget import decoder_bytes
from ganfx.files.codecs.child import SAMPLES
from ganfx.files.formats import Codec, Format
from ganfx.isolation import CallLimits, ChildError

# Longer than any picture within the limits of pixels takes.
_SECONDS = 300
_VIPS_FORMATS = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
_FIELDS = {"icc": "icc-profile-data", "exif": "exif-data", "xmp": "xmp-data", "iptc": "iptc-data"}
_MM_PER_INCH = 25.4


def decoded(path: Path, form: Format, *, is_own: bool = False) -> tuple[pyvips.Image, tuple[str, ...]]:
    """The picture at `path` as an image with its metadata, which may be read in any order, and notes.

    Raises UnsupportedError where what reads the format is not installed, UnreadableError, and PictureSizeError.
    """
    assert isinstance(form.loader, Codec)
    if not form.loader.is_installed:
        raise UnsupportedError(f"reading {form.name} needs {form.loader.needs}, not installed", hint=form.loader.hint)
    limits = CallLimits(_SECONDS, decoder_bytes())
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
        try:
            call = "ganfx.files.codecs.child:decode"
            found = isolation.call(call, os.path.abspath(path), form.name, folder, is_own, limits=limits)
        except ChildError as error:
            raise UnreadableError(
                f"decoding it {error.reason}", hint="is it damaged? or set GANFX_MAX_MEMORY_MIB to allow more"
            ) from error
        return _image(Path(folder), found), tuple(found["notes"])


def _image(folder: Path, found: dict[str, Any]) -> pyvips.Image:
    bands, kind = found["bands"], _VIPS_FORMATS[found["dtype"]]
    samples = _mapped(folder / SAMPLES)
    image = pyvips.Image.new_from_memory(samples, found["width"], found["height"], bands, kind)
    image = image.copy(interpretation=_interpretation(found["space"], kind))
    if found["dpi"]:
        image = image.copy(xres=found["dpi"][0] / _MM_PER_INCH, yres=found["dpi"][1] / _MM_PER_INCH)
    else:
        image = image.copy(xres=1, yres=1)
    for key in found["metadata"]:
        image.set_type(pyvips.GValue.blob_type, _FIELDS[key], (folder / key).read_bytes())
    image.set_type(pyvips.GValue.gint_type, "orientation", found["orientation"])
    return image


def _interpretation(space: str, kind: str) -> str:
    if space == "cmyk":
        return "cmyk"
    if space == "grey":
        return "grey16" if kind == "ushort" else "b-w"
    return {"uchar": "srgb", "ushort": "rgb16", "float": "scrgb"}[kind]


def _mapped(path: Path) -> mmap.mmap | bytes:
    """The bytes of a file that may be removed at once."""
    if os.name == "nt":  # where a mapped file cannot be removed
        return path.read_bytes()
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
