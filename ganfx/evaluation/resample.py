"""Resizing: by area, and bicubic with Keys' kernel (a = -0.5) as in MATLAB and Pillow."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats
from ganfx.training.resample import CUBIC, resize_matrix

Real = TypeVar("Real", np.float32, np.float64)


def bicubic(pixels: NDArray[Real], height: int, width: int) -> NDArray[Real]:
    """(H, W) or (H, W, C) resampled to `height` and `width`, antialiased; values may overshoot."""
    vertical, horizontal = _matrix(pixels.shape[0], height), _matrix(pixels.shape[1], width)
    across = np.tensordot(horizontal, pixels, (1, 1))
    return np.ascontiguousarray(np.tensordot(vertical, across, (1, 1)), pixels.dtype)


def fitted(rgb: Floats, size: int) -> Floats:
    """(H, W, 3) shrunk by area until no side is longer than `size`."""
    height, width = rgb.shape[:2]
    factor = min(1.0, size / max(height, width))
    if factor == 1:
        return rgb
    new_size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(rgb, new_size, interpolation=cv2.INTER_AREA), np.float32)


def _matrix(size: int, new_size: int) -> NDArray[np.float32]:
    sizes, new_sizes, kernel = torch.tensor([size]), torch.tensor([new_size]), torch.tensor([CUBIC])
    return np.asarray(resize_matrix(sizes, new_sizes, kernel, (new_size, size))[0])
