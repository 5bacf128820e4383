"""ICC profiles made of a matrix and curves, evaluated in float and without clipping (ICC.1:2010, 10.5, 10.15, F.3).

Color management libraries go through a 16-bit connection space, which moves dark 16-bit samples by up to a hundred
steps and clips ProPhoto.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganfx.imaging.color import decode_srgb, encode_srgb
from ganfx.imaging.picture import Floats

Curve = Callable[[Floats], Floats]

# Linear sRGB to the D50 connection space (IEC 61966-2-1, Bradford-adapted).
_SRGB_TO_XYZ = np.array(
    [[0.436066, 0.385147, 0.143066], [0.222488, 0.716873, 0.060608], [0.013916, 0.097076, 0.714096]]
)
# A profile whose colors differ from sRGB by less than this, in [0, 1], counts as sRGB.
_SAME = 1 / 255
# Colors that a followed profile leads to sRGB and back change by less than this, and stay in this range on the way: a
# profile that promises less would alter pictures.
_REVERSIBLE, _RANGE = 1 / 255, (-8.0, 8.0)
# Longer profiles are no matrices with curves.
_MAX_BYTES = 4 * 2**20
_MAX_TAGS = 200
# Added to sampled curves, far below what is visible, so that flat parts near black can be inverted.
_MIN_SLOPE = 1e-4


class ProfileError(Exception):
    """The profile is damaged, or of a kind that is not supported."""


@dataclass(frozen=True)
class ToneCurve:
    """The curve of one channel, for values in [0, 1].

    linear   device values to linear light
    device   linear light to device values
    """

    linear: Curve
    device: Curve


@dataclass(frozen=True)
class Profile:
    """The color space that an ICC profile describes.

    curves           one for grey, three for RGB
    to_linear_srgb   (3, 3): linear light of the profile to linear sRGB; None for grey
    """

    curves: tuple[ToneCurve, ...]
    to_linear_srgb: NDArray[np.float64] | None

    @property
    def is_grey(self) -> bool:
        return self.to_linear_srgb is None

    def to_srgb(self, device: Floats) -> Floats:
        """Device values (..., 1 or 3) to sRGB-encoded ones of that shape, beyond [0, 1] where the gamut is wider."""
        linear = _per_channel([curve.linear for curve in self.curves], device)
        if self.to_linear_srgb is not None:
            linear = linear @ self.to_linear_srgb.T.astype(np.float32)
        return encode_srgb(linear)

    def from_srgb(self, rgb: Floats) -> Floats:
        """The inverse of `to_srgb`, clipped to the [0, 1] that a file can hold."""
        linear = decode_srgb(rgb)
        if self.to_linear_srgb is not None:
            linear = linear @ np.linalg.inv(self.to_linear_srgb).T.astype(np.float32)
        return _per_channel([curve.device for curve in self.curves], np.clip(linear, 0, 1))

    def is_srgb(self) -> bool:
        """Whether the profile is sRGB, judged by its colors and not by its description."""
        colors = self._samples()
        return bool(np.abs(self.to_srgb(colors) - colors).max() < _SAME)

    def is_reversible(self) -> bool:
        """Whether colors come back from sRGB as they were, and are sensible there."""
        colors = self._samples()
        encoded = self.to_srgb(colors)
        # Written so that what is no number fails.
        sensible = bool(((encoded > _RANGE[0]) & (encoded < _RANGE[1])).all())
        return sensible and bool((np.abs(self.from_srgb(encoded) - colors) < _REVERSIBLE).all())

    def _samples(self) -> Floats:
        """Device values (n, 1 or 3) from all over the color space."""
        steps = np.linspace(0, 1, 9, dtype=np.float32)
        axes = 1 if self.is_grey else 3
        return np.stack(np.meshgrid(*[steps] * axes), axis=-1).reshape(-1, axes)


def parse_profile(data: bytes) -> Profile:
    """Parse an ICC profile. Raises ProfileError where it is damaged, a lookup table, or cannot be reversed."""
    with np.errstate(all="ignore"):
        profile = _parsed(data)
        if not profile.is_reversible():
            raise ProfileError("its curves cannot be reversed")
    return profile


def _parsed(data: bytes) -> Profile:
    try:
        tags = _tags(data)
        space = data[16:20]
        if space == b"GRAY":
            return Profile((_curve(tags[b"kTRC"]),), None)
        if space == b"RGB " and data[20:24] == b"XYZ ":
            curves = tuple(_curve(tags[name]) for name in _CURVES)
            return Profile(curves, _matrix([tags[name] for name in _COLORANTS]))
    # The last is that of divisions by zero and powers that overflow.
    except (KeyError, IndexError, ValueError, struct.error, np.linalg.LinAlgError, ArithmeticError) as error:
        raise ProfileError("damaged, or without curves") from error
    raise ProfileError("not a matrix profile of RGB or grey")


_CURVES, _COLORANTS = (b"rTRC", b"gTRC", b"bTRC"), (b"rXYZ", b"gXYZ", b"bXYZ")
_WANTED = {b"kTRC", *_CURVES, *_COLORANTS}


def _tags(data: bytes) -> dict[bytes, bytes]:
    if data[36:40] != b"acsp" or len(data) > _MAX_BYTES:
        raise ValueError("not a profile")
    (count,) = struct.unpack_from(">I", data, 128)
    if count > _MAX_TAGS:
        raise ValueError("too many tags")
    rows = [struct.unpack_from(">4sII", data, 132 + 12 * i) for i in range(count)]
    return {name: data[offset : offset + size] for name, offset, size in rows if name in _WANTED}


def _matrix(colorants: list[bytes]) -> NDArray[np.float64]:
    columns = [np.array(struct.unpack_from(">3i", tag, 8)) / 65536 for tag in colorants]
    matrix: NDArray[np.float64] = np.linalg.inv(_SRGB_TO_XYZ) @ np.stack(columns, axis=1)
    if not np.linalg.cond(matrix) < 1e4:
        raise ValueError("the primaries lie on a line")
    return matrix


def _curve(tag: bytes) -> ToneCurve:
    if tag[:4] == b"para":
        return _parametric(tag)
    if tag[:4] != b"curv":
        raise ValueError("unknown kind of curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return _power(1, 1, 0, 0, 0, 0, 0)
    if count == 1:
        return _power(struct.unpack_from(">H", tag, 12)[0] / 256, 1, 0, 0, 0, 0, 0)
    return _sampled(np.frombuffer(tag, ">u2", count, 12) / 65535)


def _sampled(table: NDArray[np.float64]) -> ToneCurve:
    x = np.linspace(0, 1, len(table))
    if np.any(np.diff(table) < 0) or table[-1] <= table[0]:
        raise ValueError("the curve falls")
    table = (table + _MIN_SLOPE * x) / (1 + _MIN_SLOPE)
    return ToneCurve(
        lambda device: np.interp(device, x, table).astype(np.float32),
        lambda linear: np.interp(linear, table, x).astype(np.float32),
    )


def _parametric(tag: bytes) -> ToneCurve:
    """Function types 0 to 4: (g), (g a b), (g a b c=e=f), (g a b c d), (g a b c d e f)."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    given = [v / 65536 for v in struct.unpack_from(f">{count}i", tag, 12)]
    g, a, b, c, d, e, f = given + [0.0] * (7 - count)
    if kind == 0:
        return _power(g, 1, 0, 0, 0, 0, 0)
    if kind in (1, 2):
        offset = c if kind == 2 else 0.0
        return _power(g, a, b, 0, -b / a, offset, offset)
    return _power(g, a, b, c, d, e, f)


def _power(g: float, a: float, b: float, c: float, d: float, e: float, f: float) -> ToneCurve:
    """y = (a x + b)^g + e from x = d upwards, c x + f below."""
    if g <= 0 or a <= 0 or c < 0:
        raise ValueError("the curve cannot be inverted")
    knee = max(a * max(d, 0.0) + b, 0.0) ** g + e

    def linear(device: Floats) -> Floats:
        curve = np.power(np.maximum(device * np.float32(a) + np.float32(b), 0), np.float32(g)) + np.float32(e)
        return np.where(device >= d, curve, device * np.float32(c) + np.float32(f))

    def device(light: Floats) -> Floats:
        curve: Floats = (
            np.power(np.maximum(light - np.float32(e), 0), np.float32(1 / g)) - np.float32(b)
        ) / np.float32(a)
        if c == 0:
            return np.clip(curve, 0, 1)
        return np.clip(np.where(light >= knee, curve, (light - np.float32(f)) / np.float32(c)), 0, 1)

    return ToneCurve(linear, device)


def _per_channel(curves: list[Curve], values: Floats) -> Floats:
    return np.stack([curve(values[..., i]) for i, curve in enumerate(curves)], axis=-1)


def profile_of(data: bytes | None, *, grey: bool) -> tuple[Profile | None, tuple[str, ...]]:
    """The conversion that samples with the ICC profile `data` need, None where they need none, and notes.

    A profile that cannot be applied is kept in the file, with the samples as they are; a note says so.
    """
    if not data:
        return None, ()
    try:
        profile = parse_profile(data)
    except ProfileError as error:
        return None, (f"the color profile is kept but not followed: {error}",)
    if profile.is_grey != grey:
        return None, ("the color profile is not for this kind of picture and is not followed",)
    return (None if profile.is_srgb() else profile), ()
