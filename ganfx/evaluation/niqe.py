"""NIQE: the distance of a picture's local statistics from those of good photographs, without a reference.

Mittal, Soundararajan and Bovik, "Making a Completely Blind Image Quality Analyzer", 2013. The model of good
photographs is not part of ganfx; it is looked for as `niqe_pris_params.npz` in the folder of features.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy.special import gamma

from ganfx.errors import ModelError
from ganfx.evaluation.metrics import Plane
from ganfx.evaluation.resample import bicubic

_BLOCK = 96
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
_SHAPES = np.arange(0.2, 10.001, 0.001)
# The ratio E|x|^2 / E[x^2] of a generalised Gaussian, for every shape that can be found.
_RATIOS = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))


class Niqe:
    """plane (H, W), luma on a scale of 0 to 255 -> its NIQE; lower is better, good photographs lie at 3 to 5.

    NaN where the picture holds fewer than two blocks of 96x96 pixels.
    """

    def __init__(self, folder: Path) -> None:
        try:
            stored = np.load(folder / "niqe_pris_params.npz")
        except OSError as error:
            raise ModelError(f"{folder}: no NIQE model there", hint="set GANFX_FEATURES") from error
        self.mean, self.covariance = stored["mu_pris_param"][0], stored["cov_pris_param"]
        self.window = stored["gaussian_window"]

    def __call__(self, plane: Plane) -> float:
        rows, columns = (side // _BLOCK for side in plane.shape)
        if rows * columns < 2:
            return float("nan")
        plane = plane[: rows * _BLOCK, : columns * _BLOCK]
        half = bicubic(plane, plane.shape[0] // 2, plane.shape[1] // 2)
        features = np.hstack([self._features(plane, _BLOCK), self._features(half, _BLOCK // 2)])
        features = features[np.isfinite(features).all(axis=1)]
        if len(features) < 2:
            return float("nan")
        gap = self.mean - features.mean(axis=0)
        pooled = (self.covariance + np.cov(features, rowvar=False)) / 2
        return float(np.sqrt(gap @ np.linalg.pinv(pooled) @ gap))

    def _features(self, plane: Plane, block: int) -> Plane:
        """The 18 features of each block, as (blocks, 18)."""
        normalised = self._contrast_normalised(plane)
        rows, columns = (side // block for side in plane.shape)
        blocks = normalised.reshape(rows, block, columns, block).swapaxes(1, 2).reshape(-1, block, block)
        return np.array([_block_features(one) for one in blocks])

    def _contrast_normalised(self, plane: Plane) -> Plane:
        def blurred(values: Plane) -> Plane:
            return np.asarray(cv2.filter2D(values, -1, self.window, borderType=cv2.BORDER_REPLICATE))

        mean = blurred(plane)
        deviation = np.sqrt(np.abs(blurred(plane**2) - mean**2))
        return np.asarray((plane - mean) / (deviation + 1))


def _block_features(block: Plane) -> list[float]:
    shape, left, right = _asymmetric_gaussian(block)
    found = [shape, (left + right) / 2]
    for shift in _SHIFTS:
        shape, left, right = _asymmetric_gaussian(block * np.roll(block, shift, axis=(0, 1)))
        mean = (right - left) * float(gamma(2 / shape) / gamma(1 / shape))
        found += [shape, mean, left, right]
    return found


def _asymmetric_gaussian(values: Plane) -> tuple[float, float, float]:
    """Shape, left and right scale of the asymmetric generalised Gaussian that fits `values`, by moments.

    The scales are NaN where all values have the same sign.
    """
    negative, positive = values[values < 0], values[values > 0]
    if not (len(negative) and len(positive)):
        return float(_SHAPES[0]), float("nan"), float("nan")
    left, right = np.sqrt(np.mean(negative**2)), np.sqrt(np.mean(positive**2))
    skew = left / right
    ratio = np.mean(np.abs(values)) ** 2 / np.mean(values**2) * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = float(_SHAPES[np.argmin((_RATIOS - ratio) ** 2)])
    width = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, float(left * width), float(right * width)
