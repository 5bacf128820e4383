"""sRGB, linear light, CIELAB and resampling on float32 arrays.

sRGB is IEC 61966-2-1 under D65; CIELAB is CIE 15:2004 relative to the same white."""

from __future__ import annotations

import cv2
import numpy as np

from ganfx.imaging.picture import Floats

# Luminance weights of linear red, green and blue (Rec. 709).
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Linear sRGB to XYZ, and to XYZ divided by the white point (D65), in which grey has three equal values.
_XYZ = np.array([[0.4124, 0.3576, 0.1805], LUMA, [0.0193, 0.1192, 0.9505]], np.float64)
RGB_TO_XYZ = _XYZ / _XYZ.sum(1, keepdims=True)
_FROM_RELATIVE = np.linalg.inv(RGB_TO_XYZ)
# Where the curve of L* goes from linear to the cube root (CIE 15:2004).
LAB_KNEE = 6 / 29
# Linear light below which `exposure` is no logarithm any more.
BLACK = np.float32(0.02)


def encode_srgb(linear: Floats) -> Floats:
    """Linear light to sRGB encoding, odd-symmetric below 0 and continued above 1 (as scRGB does)."""
    size = np.abs(linear)
    power = np.float32(1.055) * np.power(size, np.float32(1 / 2.4)) - np.float32(0.055)
    return np.copysign(np.where(size <= np.float32(0.0031308), size * np.float32(12.92), power), linear)


def decode_srgb(encoded: Floats) -> Floats:
    """The inverse of `encode_srgb`."""
    size = np.abs(encoded)
    power = np.power((size + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    return np.copysign(np.where(size <= np.float32(0.04045), size / np.float32(12.92), power), encoded)


def exposure(encoded: Floats) -> Floats:
    """The logarithm of linear light: adding to it is more or less light on all that is there.

    Linear light of `BLACK` is added first, so that what is nearly black is lit by addition and its noise not amplified.
    """
    return np.asarray(np.log(decode_srgb(encoded) + BLACK), np.float32)


def exposed(logarithm: Floats) -> Floats:
    """The inverse of `exposure`, clipped to [0, 1]."""
    return np.clip(encode_srgb(np.exp(np.minimum(logarithm, np.float32(1))) - BLACK), 0, 1)


def grey_of(rgb: Floats) -> Floats:
    """(H, W, 3) -> (H, W, 3) with all channels equal to the luma (Rec. 709 weights of the encoded values)."""
    return np.repeat((rgb @ LUMA)[..., None], 3, axis=2)


def _curve(relative: Floats) -> Floats:
    return np.where(
        relative > LAB_KNEE**3, np.cbrt(relative), relative / np.float32(3 * LAB_KNEE**2) + np.float32(4 / 29)
    )


def _uncurve(value: Floats) -> Floats:
    return np.where(value > LAB_KNEE, value**3, np.float32(3 * LAB_KNEE**2) * (value - np.float32(4 / 29)))


def lightness_of(rgb: Floats) -> Floats:
    """(H, W, 3) -> (H, W), L* (CIE 15:2004), 0 for black and 100 for white."""
    return np.asarray(116 * _curve(decode_srgb(rgb) @ LUMA) - 16, np.float32)


def grey_from(lightness: Floats) -> Floats:
    """The inverse of `lightness_of` for grey pictures: (H, W) -> (H, W, 3)."""
    linear = _uncurve(np.asarray((lightness + 16) / 116, np.float32))
    return np.repeat(encode_srgb(linear)[..., None], 3, axis=2)


def lab_of(rgb: Floats) -> Floats:
    """(H, W, 3) -> (H, W, 3): L* and a*, b* (CIE 15:2004) of sRGB under its own white."""
    x, y, z = np.moveaxis(_curve(decode_srgb(rgb) @ RGB_TO_XYZ.T.astype(np.float32)), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def with_chroma(rgb: Floats, chroma: Floats) -> Floats:
    """The luminance of rgb (H, W, 3) with a* and b* (H, W, 2): (H, W, 3), sRGB-encoded.

    A color outside sRGB is desaturated until it fits, at constant luminance and hue (in linear light).
    """
    y = decode_srgb(rgb) @ LUMA
    f_y = _curve(y)
    x_offset = _uncurve(f_y + chroma[..., 0] * np.float32(1 / 500)) - y
    z_offset = _uncurve(f_y - chroma[..., 1] * np.float32(1 / 200)) - y
    offset = np.stack([x_offset, z_offset], -1) @ _FROM_RELATIVE[:, [0, 2]].T.astype(np.float32)
    y = y[..., None]
    limit = np.where(offset > 0, 1 - y, y)
    share = np.clip(limit / np.maximum(np.abs(offset), 1e-9), 0, 1).min(-1, keepdims=True)
    return encode_srgb(y + offset * share)


def enlarge(plane: Floats, scale: int) -> Floats:
    """plane (H, W) or (H, W, C) resampled bicubically to (H * scale, W * scale)."""
    height, width = plane.shape[:2]
    enlarged = cv2.resize(plane, (width * scale, height * scale), interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged, np.float32)


def clip_like(enlarged: Floats, rgb: Floats, rows: slice, scale: int) -> Floats:
    """Clip `enlarged`, made from `rows` of rgb (H, W, 3) by `scale`, in place: to [0, 1], extended by the range of rgb.

    So a wide-gamut picture keeps its colors, and an ordinary one gains none. The range is that of the 3x3 source
    pixels around each pixel, which does not depend on how a picture is cut into strips.
    """
    if rgb.min() >= 0 and rgb.max() <= 1:
        return np.clip(enlarged, 0, 1, out=enlarged)
    near = np.ones((3, 3), np.uint8)
    low, high = np.minimum(cv2.erode(rgb, near), 0), np.maximum(cv2.dilate(rgb, near), 1)
    limits = (limit[rows].repeat(scale, axis=0).repeat(scale, axis=1) for limit in (low, high))
    return np.clip(enlarged, *limits, out=enlarged)


def bleed(rgb: Floats, alpha: Floats, radius: int) -> Floats:
    """Colors of transparent pixels replaced by those of visible pixels near them.

    rgb (H, W, 3), alpha (H, W) in [0, 1] -> (H, W, 3). Pixels within `radius` of visible ones get a Gaussian blur
    weighted by alpha, sigma radius / 3; those further away, and opaque ones, stay as they are.
    """
    if alpha.min() >= 1:
        return rgb
    size = (2 * radius + 1, 2 * radius + 1)
    weight = cv2.GaussianBlur(alpha, size, radius / 3)
    spread = cv2.GaussianBlur(rgb * alpha[..., None], size, radius / 3)
    known = weight > 1e-4
    filled = np.where(known[..., None], spread / np.maximum(weight, 1e-4)[..., None], rgb)
    return np.asarray(rgb * alpha[..., None] + filled * (1 - alpha[..., None]), np.float32)
