"""Mattes: opacity and foreground colors at full resolution, from a coarse matte and the picture's own edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ganfx.imaging.guided_filter import rows_of
from ganfx.imaging.picture import Floats, Mask

# Regularization of the guided filter: the variance of a color in a window below which opacity does not follow it.
_EPSILON = 1e-4
# What is so near to transparent or opaque is so.
_HAZE = 0.03
# Where no pixel of a window is further from transparent or opaque than this, nothing is looked for.
_SURE = 0.05
# Windows in which colors of the foreground and the background are looked for, in those of the guided filter.
_COLOR_WINDOWS = 3


@dataclass(frozen=True)
class Matte:
    """Opacity as a linear function of the color around each pixel (guided filter; He, Sun and Tang 2010).

    linear   (h, w, 4), at the overview's size: the slope for each channel, then the offset
    means    (h, w, 6), the mean colors of the foreground and of the background there; None: colors stay
    """

    linear: Floats
    means: Floats | None = None

    def rows(self, rgb: Floats, top: int, height: int) -> Mask:
        """The opacity (rows, W) in [0, 1] of rows rgb (rows, W, 3) of a picture `height` high, from `top` on."""
        linear = rows_of(self.linear, top, rgb.shape[:2], height)
        return _opacity(linear, np.clip(rgb, 0, 1))

    def colors(self, rgb: Floats, opacity: Mask, top: int, height: int) -> Floats:
        """The foreground's own colors of the same rows, which have this opacity (Forte 2021).

        Opaque and transparent pixels keep what they have.
        """
        soft = (opacity > 0) & (opacity < 1)
        if self.means is None or not soft.any():
            return rgb
        means = rows_of(self.means, top, rgb.shape[:2], height)
        front, back, share = means[..., :3], means[..., 3:], opacity[..., None]
        found = front + share * (rgb - share * front - (1 - share) * back)
        found = np.clip(found, np.minimum(rgb, 0), np.maximum(rgb, 1))
        return np.asarray(np.where(soft[..., None], found, rgb), np.float32)


def plain(coarse: Mask) -> Matte:
    """The matte that is `coarse` (h, w) enlarged."""
    return Matte(np.concatenate([np.zeros((*coarse.shape, 3), np.float32), coarse[..., None]], axis=2))


def fitted(coarse: Mask, rgb: Floats, radius: int) -> Matte:
    """The matte `coarse` (h, w) in [0, 1] fitted to the edges of rgb (h, w, 3), in windows of `radius` pixels.

    Where it is sure of itself all around, it stays.
    """

    def mean(planes: Floats, times: int = 1) -> Floats:
        size = (2 * radius * times + 1, 2 * radius * times + 1)
        blurred: Floats = np.asarray(cv2.blur(planes, size, borderType=cv2.BORDER_REFLECT), np.float32)
        return blurred.reshape(planes.shape)

    share = coarse[..., None]
    mean_rgb, mean_share = mean(rgb), mean(share)
    covariance = mean(rgb * share) - mean_rgb * mean_share
    pairs = mean((rgb[..., :, None] * rgb[..., None, :]).reshape(*coarse.shape, 9)).reshape(*coarse.shape, 3, 3)
    spread = (
        pairs - mean_rgb[..., :, None] * mean_rgb[..., None, :] + np.float32(_EPSILON) * np.eye(3, dtype=np.float32)
    )
    slopes = np.asarray(np.linalg.solve(spread, covariance[..., None])[..., 0], np.float32)
    offsets = mean_share - (slopes * mean_rgb).sum(2, keepdims=True)
    linear = mean(np.concatenate([slopes, offsets - np.float32(_HAZE)], axis=2)) / np.float32(1 - 2 * _HAZE)
    linear = _kept_where_sure(linear, coarse, radius)
    share = _opacity(linear, rgb)[..., None]
    means = [
        mean(rgb * weight, _COLOR_WINDOWS) / np.maximum(mean(weight, _COLOR_WINDOWS), 1e-4)
        for weight in (share, 1 - share)
    ]
    return Matte(linear, np.concatenate(means, axis=2))


def _kept_where_sure(linear: Floats, coarse: Mask, radius: int) -> Floats:
    near = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    opaque, clear = cv2.erode(coarse, near) > 1 - _SURE, cv2.dilate(coarse, near) < _SURE
    sure = np.stack([np.zeros_like(coarse)] * 3 + [opaque.astype(np.float32)], axis=2)
    return np.asarray(np.where((opaque | clear)[..., None], sure, linear), np.float32)


def _opacity(linear: Floats, rgb: Floats) -> Mask:
    return np.asarray(np.clip((linear[..., :3] * rgb).sum(2) + linear[..., 3], 0, 1), np.float32)
