"""Radiance HDR (RGBE, https://radsite.lbl.gov/radiance/refer/filefmts.pdf), by OpenCV."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.files.codecs.parts import Admit, CodecError, Decoded, Parts
from ganfx.files.regular import open_regular

_SIZE = re.compile(rb"\n\n([+-][XY]) (\d{1,9}) ([+-][XY]) (\d{1,9})\n")
_LONGEST_HEADER = 2**16
_XYZE = b"FORMAT=32-bit_rle_xyze"


def decode(path: Path, admit: Admit) -> Decoded:
    """Linear light. Raises CodecError."""
    with open_regular(path) as file:
        data = file.read()
    head = _SIZE.search(data[:_LONGEST_HEADER])
    if head is None:
        raise CodecError("the header states no size")
    if head[1] != b"-Y" or head[3] != b"+X":
        raise CodecError("its rows run another way than from the top and the left")
    if _XYZE in data[: head.start()]:
        raise CodecError("its colors are XYZ")
    width, height = int(head[4]), int(head[2])
    admit(width, height, 28)
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.shape != (height, width, 3):
        raise CodecError("its pixels are damaged, or cut off")
    return Decoded(found[..., ::-1].astype(np.float32), "rgb")


def encode(samples: NDArray[Any], parts: Parts) -> bytes:
    """Linear light of 0 and more, with eight bits of precision."""
    fine, data = cv2.imencode(".hdr", np.maximum(samples[..., ::-1], 0).astype(np.float32))
    if not fine:
        raise CodecError("OpenCV does not write it")
    return data.tobytes()
