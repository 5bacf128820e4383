"""OpenEXR (https://openexr.com), by its own library; its colors become linear light of sRGB."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from ganfx.files.codecs.parts import Admit, CodecError, Decoded, Parts, Space

# Of sRGB: red, green, blue, white.
_SRGB = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
# Cone responses (Bradford), in which white points are adapted.
_CONES = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_CLOSE = 1e-3
# Memory that decoding was seen to take.
_PIXEL_BYTES = 60
# Of what was written here: whole pixels of straight colors cannot be told from light that is spread.
_LEAST_ALPHA = 1e-6


def decode(path: Path, admit: Admit) -> Decoded:
    """Linear light of the first part that has colors. Raises CodecError, and what OpenEXR raises."""
    name = os.fsdecode(os.path.abspath(path))
    with OpenEXR.File(name, header_only=True) as file:
        header = file.header()
        left, right = header["dataWindow"]
        width, height = (int(right[i]) - int(left[i]) + 1 for i in (0, 1))
        admit(width, height, _PIXEL_BYTES)
    with OpenEXR.File(name, separate_channels=True) as file:
        channels = {key: np.asarray(channel.pixels) for key, channel in file.channels().items()}
        space, names = _layout(channels)
        samples = np.stack([channels[key].astype(np.float32) for key in names], -1)
        if samples.shape[:2] != (height, width):
            raise CodecError("its channels have several sizes")
        chromaticities = file.header().get("chromaticities")
    samples = _straight(samples, space)
    notes: tuple[str, ...] = ()
    if space == "rgb" and chromaticities is not None and not np.allclose(chromaticities, _SRGB, atol=_CLOSE):
        samples[..., :3] = samples[..., :3] @ _to_srgb(tuple(chromaticities)).T.astype(np.float32)
        notes = ("its primaries were converted to those of sRGB, without loss",)
    return Decoded(samples, space, notes=notes)


def encode(samples: NDArray[Any], parts: Parts) -> bytes:
    """Floats of 32 bits, compressed without loss; colors are multiplied by alpha, as the format wants it."""
    names = ("Y", "A") if parts.grey else ("R", "G", "B", "A")
    bands = samples.shape[2]
    if bands in (2, 4):
        samples = np.concatenate([samples[..., :-1] * samples[..., -1:], samples[..., -1:]], -1)
    channels = {name: np.ascontiguousarray(samples[..., i]) for i, name in enumerate(names[:bands])}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with tempfile.TemporaryDirectory(prefix="ganfx-") as folder:
        place = Path(folder) / "picture.exr"
        with OpenEXR.File(header, channels) as file:
            file.write(str(place))
        return place.read_bytes()


def _layout(channels: dict[str, Any]) -> tuple[Space, list[str]]:
    """The color space, and the names of the channels that make the picture."""
    names = {key.rpartition(".")[2].upper(): key for key in sorted(channels, key=len, reverse=True)}
    for space, wanted in (("rgb", "RGB"), ("grey", "Y")):
        if set(wanted) <= set(names):
            if wanted == "Y" and {"RY", "BY"} <= set(names):
                raise CodecError("luminance and chroma, which are not read")
            return space, [names[key] for key in (*wanted, *("A" if "A" in names else ""))]  # type: ignore[return-value]
    if len(channels) == 1:
        return "grey", list(channels)
    raise CodecError(f"no colors among its channels {', '.join(sorted(channels))[:60]}")


def _straight(samples: NDArray[Any], space: Space) -> NDArray[Any]:
    """Colors divided by alpha."""
    if samples.shape[2] == (1 if space == "grey" else 3):
        return samples
    alpha = samples[..., -1:]
    samples[..., :-1] = np.where(alpha > _LEAST_ALPHA, samples[..., :-1] / np.maximum(alpha, _LEAST_ALPHA), 0)
    samples[..., -1] = np.clip(samples[..., -1], 0, 1)
    return samples


def _to_srgb(chromaticities: tuple[float, ...]) -> NDArray[np.float64]:
    """The matrix from linear light of these primaries to that of sRGB, with the white point adapted."""
    own, target = (_CONES @ _white(values) for values in (chromaticities, _SRGB))
    adapted = np.linalg.inv(_CONES) @ np.diag(target / own) @ _CONES
    return np.asarray(np.linalg.inv(_to_xyz(_SRGB)) @ adapted @ _to_xyz(chromaticities))


def _white(chromaticities: tuple[float, ...]) -> NDArray[np.float64]:
    x, y = chromaticities[6:8]
    return np.array([x / y, 1, (1 - x - y) / y])


def _to_xyz(chromaticities: tuple[float, ...]) -> NDArray[np.float64]:
    """The matrix from linear light of these primaries to XYZ."""
    x, y = np.array(chromaticities[:6:2]), np.array(chromaticities[1:6:2])
    columns = np.array([x / y, np.ones(3), (1 - x - y) / y])
    return np.asarray(columns * np.linalg.solve(columns, _white(chromaticities)))
