"""Conversion between stored samples and floats, in one place, so that all rounding is the same."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

# Values converted at a time: a block that fits into the processor's cache.
_BLOCK = 2**17
# The largest number of half precision, and beyond all light that pictures show.
_LARGEST = np.float32(65504)


def floats_of(samples: NDArray[Any]) -> Floats:
    """Unsigned samples as floats in [0, 1]; floats as float32, where what is no number is 0 and none is infinite."""
    if samples.dtype.kind == "u":
        return np.asarray(np.divide(samples, np.iinfo(samples.dtype).max, dtype=np.float32), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.nan_to_num(samples.astype(np.float32), nan=0.0)
    return np.clip(values, -_LARGEST, _LARGEST)


def write_samples(samples: NDArray[Any], values: Floats) -> None:
    """Write floats (H, W, C) to samples of that shape: to floats as they are, else clipped to [0, 1] and rounded."""
    if samples.dtype.kind == "f":
        samples[...] = values
        return
    count = max(1, _BLOCK // max(1, values[0].size))
    for top in range(0, len(values), count):
        _write_block(samples[top : top + count], values[top : top + count])


def _write_block(samples: NDArray[Any], values: Floats) -> None:
    if samples.dtype == np.uint8:
        # In a fifth of the time; it clips by itself, except that it takes magnitudes.
        cv2.convertScaleAbs(values if values.min() >= 0 else np.maximum(values, 0), dst=samples, alpha=255)
        return
    scaled = np.clip(values, 0, 1)
    scaled *= np.float32(np.iinfo(samples.dtype).max)
    scaled += np.float32(0.5)
    samples[...] = scaled
