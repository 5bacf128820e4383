"""Colour and resampling arithmetic on float32 pictures (cv2)."""

from __future__ import annotations

import cv2
import numpy as np

from ganfx.picture import Floats

# Rec. 709 luma, the weights of sRGB.
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def grey_of(rgb: Floats) -> Floats:
    """(H, W, 3) -> (H, W, 3) with all channels at the luma."""
    return np.repeat((rgb @ _LUMA)[..., None], 3, axis=2)


def enlarge(plane: Floats, scale: int) -> Floats:
    """A plane (H, W) resampled bicubically to (H * scale, W * scale); a constant one stays constant."""
    height, width = plane.shape
    enlarged = cv2.resize(plane, (width * scale, height * scale), interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged, np.float32)


def clip_like(enlarged: Floats, rgb: Floats, rows: slice, scale: int) -> Floats:
    """Clip `enlarged`, made from `rows` of rgb (H, W, 3) by `scale`, to [0, 1], or past it where rgb goes past it.

    A wide-gamut picture keeps its colours, an ordinary one gains none, and each pixel's limits come from the 3x3
    source pixels around it, so that they do not depend on how a picture is cut into strips.
    """
    if rgb.min() >= 0 and rgb.max() <= 1:
        return np.clip(enlarged, 0, 1)
    near = np.ones((3, 3), np.uint8)
    low, high = np.minimum(cv2.erode(rgb, near), 0), np.maximum(cv2.dilate(rgb, near), 1)
    limits = (limit[rows].repeat(scale, axis=0).repeat(scale, axis=1) for limit in (low, high))
    return np.clip(enlarged, *limits)


def bleed(rgb: Floats, alpha: Floats, radius: int) -> Floats:
    """Colours under transparency replaced by those of the opaque pixels near them.

    rgb (H, W, 3), alpha (H, W) in [0, 1] -> (H, W, 3). Pixels within `radius` of visible ones take a blur
    weighted by alpha; further ones keep what they had. Opaque pixels come back exactly.
    """
    if alpha.min() >= 1:
        return rgb
    size = (2 * radius + 1, 2 * radius + 1)
    weight = cv2.GaussianBlur(alpha, size, radius / 3)
    spread = cv2.GaussianBlur(rgb * alpha[..., None], size, radius / 3)
    known = weight > 1e-4
    filled = np.where(known[..., None], spread / np.maximum(weight, 1e-4)[..., None], rgb)
    return np.asarray(rgb * alpha[..., None] + filled * (1 - alpha[..., None]), np.float32)
