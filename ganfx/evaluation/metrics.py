"""Figures from pixels alone: PSNR and SSIM as super-resolution papers report them, and those of colors and edges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

Plane = NDArray[np.float64]

# BT.601 with headroom, as in MATLAB's rgb2ycbcr and the tables of super-resolution papers.
_LUMA = np.array([65.481, 128.553, 24.966])
_PEAK = 255.0
# Rounding errors of luma leave less than this where a picture has no edges.
_FLAT = 1e-6
# Pixels on each side of an edge whose steps are those beside it.
_BESIDE = 3


def luma(rgb: Floats, border: int = 0) -> Plane:
    """BT.601 luma of rgb (H, W, 3) in [0, 1] as (H - 2 * border, W - 2 * border) in [16, 235]."""
    height, width = rgb.shape[:2]
    inner = rgb[border : height - border, border : width - border]
    return np.asarray(inner.astype(np.float64) @ _LUMA + 16.0)


def psnr(plane: Plane, other: Plane) -> float:
    """Peak signal-to-noise ratio in dB of two planes on a scale of 0 to 255; infinite where they are equal."""
    error = float(np.mean((plane - other) ** 2))
    return 10.0 * float(np.log10(_PEAK**2 / error)) if error else float("inf")


def ssim(plane: Plane, other: Plane) -> float:
    """Structural similarity (Wang et al. 2004): 11x11 Gaussian window of sigma 1.5, where it fits whole."""

    def blurred(values: Plane) -> Plane:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5)[5:-5, 5:-5])

    c1, c2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
    mean, mean_other = blurred(plane), blurred(other)
    variance = blurred(plane**2) - mean**2
    variance_other = blurred(other**2) - mean_other**2
    covariance = blurred(plane * other) - mean * mean_other
    luminance = (2 * mean * mean_other + c1) / (mean**2 + mean_other**2 + c1)
    structure = (2 * covariance + c2) / (variance + variance_other + c2)
    return float(np.mean(luminance * structure))


def chroma_error(chroma: Floats, other: Floats) -> float:
    """The mean distance of a* and b* (H, W, 2) at each pixel."""
    return float(np.linalg.norm(chroma - other, axis=-1).mean())


def edge_correlation(rgb: Floats, other: Floats) -> float:
    """Pearson's correlation of the gradient magnitudes (Sobel) of two pictures' luma; pictures are (H, W, 3) in [0, 1].

    1 for the same edges, 0 for unrelated ones or where a picture has none.
    """
    steep, steep_other = (_steepness(luma(one)) for one in (rgb, other))
    size = np.linalg.norm(steep) * np.linalg.norm(steep_other)
    return float((steep * steep_other).sum() / size) if size > _FLAT else 0.0


def _steepness(plane: Plane) -> Plane:
    """The gradient magnitude of (H, W), less its mean."""
    steep = np.hypot(cv2.Sobel(plane, cv2.CV_64F, 1, 0), cv2.Sobel(plane, cv2.CV_64F, 0, 1))
    return np.asarray(steep - steep.mean())


def colorfulness(rgb: Floats) -> float:
    """The colorfulness of rgb (H, W, 3) in [0, 1]: 0 is grey, 59 quite colorful, 109 extremely.

    Hasler and Suesstrunk, "Measuring colorfulness in natural images" (2003).
    """
    red, green, blue = np.moveaxis(rgb.astype(np.float64) * _PEAK, -1, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    spread, middle = opponents.std((1, 2)), opponents.mean((1, 2))
    return float(np.linalg.norm(spread) + 0.3 * np.linalg.norm(middle))


def seam(rgb: Floats, hole: NDArray[np.bool_]) -> float:
    """How visible the edge of `hole` (H, W) is in rgb (H, W, 3): the mean step across it over the mean step beside it.

    Steps are between neighboring pixels; those beside the edge have both pixels within `_BESIDE` pixels of it, on
    one side. 1 is an edge like any other place; not a number where the hole has no edge.
    """
    kernel = np.ones((2 * _BESIDE + 1, 2 * _BESIDE + 1), np.uint8)
    band = (cv2.dilate(hole.astype(np.uint8), kernel) > 0) & (cv2.erode(hole.astype(np.uint8), kernel) == 0)
    across, beside = [], []
    for axis in (0, 1):
        steps = np.abs(np.diff(rgb, axis=axis)).mean(-1)
        one, other = (np.delete(hole, end, axis) for end in (-1, 0))
        near = np.delete(band, -1, axis) & np.delete(band, 0, axis)
        across.append(steps[one != other])
        beside.append(steps[near & (one == other)])
    step, usual = np.concatenate(across), np.concatenate(beside)
    return float(step.mean() / max(usual.mean(), _FLAT)) if len(step) and len(usual) else float("nan")
