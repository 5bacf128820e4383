"""Camera RAW, developed by LibRaw."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np
import rawpy

from ganfx.files import exif, tiff
from ganfx.files.chunks import jpeg_segments
from ganfx.files.codecs.parts import Admit, Decoded, three_dimensional
from ganfx.files.directories import ExifError, FileBlock
from ganfx.files.regular import open_regular

_WHITE_BALANCE = "RAW was developed at 16 bits in sRGB, with {} and the light as the camera took it"
# Of a pixel of the sensor, while it is developed: four colors of 16 bits, and the result.
_PIXEL_BYTES = 24
_APP1 = b"\xe1"
_SRGB_CURVE = (2.4, 12.92)


def decode(path: Path, admit: Admit) -> Decoded:
    """The developed picture, upright, in sRGB, of 16 bits. Raises what LibRaw raises."""
    with open_regular(path) as file, rawpy.imread(file) as raw:
        sizes = raw.sizes
        admit(max(sizes.raw_width, sizes.width), max(sizes.raw_height, sizes.height), _PIXEL_BYTES)
        from_camera = bool(np.any(np.asarray(raw.camera_whitebalance[:3])))
        samples = raw.postprocess(
            use_camera_wb=from_camera,
            use_auto_wb=not from_camera,
            no_auto_bright=True,
            output_color=rawpy.ColorSpace.sRGB,
            output_bps=16,
            gamma=_SRGB_CURVE,
        )
        block = _exif(file, raw)
    balance = "the camera's white balance" if from_camera else "a white balance of its own, since it states none"
    return Decoded(
        three_dimensional(samples), "rgb", {"exif": block} if block else {}, notes=(_WHITE_BALANCE.format(balance),)
    )


def _exif(file: IO[bytes], raw: Any) -> bytes | None:
    """The EXIF block: of the file, where that is a TIFF structure, else of the JPEG that cameras put into it."""
    try:
        if block := tiff.read_exif(FileBlock(file)):
            return block
    except ExifError:
        pass
    try:
        preview = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if preview.format != rawpy.ThumbFormat.JPEG:
        return None
    data = bytes(preview.data)
    parts = (data[part.start : part.end] for part in jpeg_segments(data) if part.name == _APP1)
    return next((part for part in parts if part.startswith(exif.PREFIX)), None)
