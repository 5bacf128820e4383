"""ICC profiles made from primaries and curves, for tests."""

from __future__ import annotations

import struct

import numpy as np

# CIE xy of red, green, blue and white.
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290))
ADOBE_RGB = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), (0.3127, 0.3290))
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585))
SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), (0.3127, 0.3290))

_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def gamma_curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def sampled_curve(values: np.ndarray) -> bytes:
    table = np.round(values * 65535).astype(">u2").tobytes()
    return b"curv\0\0\0\0" + struct.pack(">I", len(values)) + table


def parametric_curve(kind: int, *numbers: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + b"".join(_fixed(number) for number in numbers)


def srgb_curve() -> bytes:
    return parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def rgb_profile(primaries: tuple[tuple[float, float], ...], curve: bytes) -> bytes:
    """A display profile of three primaries under one curve."""
    tags = {b"wtpt": _xyz(_D50), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    columns = _adapted_primaries(primaries)
    tags |= {name: _xyz(columns[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return _profile(b"RGB ", tags)


def grey_profile(curve: bytes) -> bytes:
    return _profile(b"GRAY", {b"wtpt": _xyz(_D50), b"kTRC": curve})


def lut_profile() -> bytes:
    """A profile of RGB that is a table of eight colors and no curves."""
    ramp = bytes(range(256))
    corners = bytes(255 * (i >> axis & 1) for i in range(8) for axis in (2, 1, 0))
    matrix = b"".join(_fixed(float(i % 4 == 0)) for i in range(9))
    table = b"mft1\0\0\0\0" + bytes([3, 3, 2, 0]) + matrix + 3 * ramp + corners + 3 * ramp
    return _profile(b"RGB ", {b"wtpt": _xyz(_D50), b"A2B0": table})


def _adapted_primaries(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    xyz = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    white = xyz[:, 3]
    native = xyz[:, :3] * np.linalg.solve(xyz[:, :3], white)
    gain = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    return np.linalg.inv(_BRADFORD) @ gain @ _BRADFORD @ native


def _fixed(number: float) -> bytes:
    return struct.pack(">i", round(number * 65536))


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values)


def _text(name: str) -> bytes:
    encoded = name.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _text("made for a test"), b"cprt": _text("none")} | tags
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"", 0x04200000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + b"".join(map(_fixed, _D50))
    return head.ljust(128, b"\0") + table + body
