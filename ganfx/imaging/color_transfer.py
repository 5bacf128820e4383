"""The colors of one picture for another."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.picture import Floats

# How many times contrast may grow: more would show noise and compression.
_MOST = 2.5
# Added to variances, so that one color can be taken for many.
_LEAST = 1e-3


@dataclass(frozen=True)
class LinearTransfer:
    """CIELAB (H, W, 3) -> (H, W, 3), with the mean and the covariance of other colors."""

    mean: NDArray[np.float64]
    gain: NDArray[np.float64]
    wanted: NDArray[np.float64]

    @classmethod
    def between(cls, source: Floats, target: Floats) -> LinearTransfer:
        """From the colors of `source` to those of `target`, both CIELAB (H, W, 3), by the linear map that moves them
        the least (Pitié and Kokaram 2007)."""
        (mean, spread), (wanted, other) = _moments(source), _moments(target)
        root = _root(spread)
        inverse = np.linalg.inv(root)
        gain = inverse @ _root(root @ other @ root) @ inverse
        values, vectors = np.linalg.eigh(gain)
        return cls(mean, (vectors * np.clip(values, 0, _MOST)) @ vectors.T, wanted)

    def __call__(self, lab: Floats) -> Floats:
        return np.asarray((lab - self.mean) @ self.gain + self.wanted, np.float32)


def _moments(lab: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean color, and the covariance."""
    colors = lab.reshape(-1, 3).astype(np.float64)
    mean = colors.mean(0)
    return mean, (colors - mean).T @ (colors - mean) / len(colors) + _LEAST * np.eye(3)


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric square root of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


# Long side of the plane in which colors are looked for, how many pixels of the other picture are compared, how many of
# the nearest ones are averaged, and places that are compared at once.
_SIDE, _SAMPLES, _NEAREST, _AT_ONCE = 160, 4096, 12, 2048


def matched_chroma(lightness: Floats, guess: Floats, other_lab: Floats, other_guess: Floats) -> Floats:
    """a* and b* (h, w, 2) for the lightness (h, w), L* / 100, from the places of another picture that are most alike.

    Places are alike in light, in texture (Welsh et al. 2002) and in what a network takes them for: the a* and b* that
    it guesses, `guess` (h, w, 2) here, `other_guess` (H, W, 2) for the other picture, CIELAB (H, W, 3).
    """
    height, width = lightness.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    light, here = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32) for plane in (lightness, guess)
    )
    places = _described(light, here, float(light.mean()), float(light.std()))
    other = np.asarray(other_lab[..., 0] / 100, np.float32)
    known = _described(other, other_guess, float(other.mean()), float(other.std()))
    chosen = np.linspace(0, len(known) - 1, min(_SAMPLES, len(known))).astype(int)
    colors = other_lab[..., 1:].reshape(-1, 2)[chosen]
    found = np.concatenate(
        [_nearest(places[at : at + _AT_ONCE], known[chosen], colors) for at in range(0, len(places), _AT_ONCE)]
    )
    return np.asarray(cv2.resize(found.reshape(*light.shape, 2), (width, height)), np.float32)


def _described(light: Floats, guess: Floats, mean: float, spread: float) -> Floats:
    """(places, 5): light and texture relative to the whole picture's, height in the picture, and the guess."""
    even = (light - mean) / max(spread, 0.02)
    around = cv2.GaussianBlur(even, (0, 0), max(light.shape) / 60)
    texture = np.sqrt(np.maximum(cv2.GaussianBlur(even**2, (0, 0), max(light.shape) / 60) - around**2, 0))
    planes = [even, around, 1.5 * texture, guess[..., 0] / 8, guess[..., 1] / 8]
    return np.asarray(np.stack(planes, -1).reshape(-1, 5), np.float32)


def _nearest(places: Floats, known: Floats, colors: Floats) -> Floats:
    """The mean of the `colors` (m, 2) of the nearest of `known` (m, 5), for each of `places` (n, 5): (n, 2)."""
    distances = (known**2).sum(1) - 2 * places @ known.T
    count = min(_NEAREST, len(known))
    nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
    return np.asarray(colors[nearest].mean(1), np.float32)
