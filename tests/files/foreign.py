"""One small picture in every format, by the formats' own libraries where there are such, else byte by byte."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pillow_heif
import pyjpegxl
import pyvips
from PIL import Image

from tests import profiles

HEIGHT, WIDTH = 48, 64
P3 = profiles.rgb_profile(profiles.DISPLAY_P3, profiles.srgb_curve())
Array = np.ndarray


@dataclass(frozen=True)
class Wanted:
    """What a file is to have besides its colors."""

    deep: bool = False
    alpha: bool = False
    icc: bool = False
    exif: bool = False

    @property
    def samples(self) -> Array:
        """The scene, (H, W, 3 or 4): smooth, so that encoders that lose little lose little here."""
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
        bands = [x / WIDTH, y / HEIGHT, 0.8 - 0.5 * x / WIDTH, *([0.5 + y / HEIGHT / 2] if self.alpha else [])]
        full = 65535 if self.deep else 255
        return np.rint(np.stack(bands, -1) * full).astype(np.uint16 if self.deep else np.uint8)

    @property
    def pillow_options(self) -> dict[str, bytes]:
        return ({"icc_profile": P3} if self.icc else {}) | ({"exif": exif()} if self.exif else {})


def exif() -> bytes:
    block = Image.Exif()
    block[0x010F] = "Acme"
    return block.tobytes()


def _pillow(form: str, **options: object) -> Callable[[Wanted], bytes]:
    def make(wanted: Wanted) -> bytes:
        data = io.BytesIO()
        Image.fromarray(wanted.samples).save(data, form, **wanted.pillow_options, **options)
        return data.getvalue()

    return make


def _opencv(suffix: str, samples: Array) -> bytes:
    order = [2, 1, 0, 3][: samples.shape[2]]
    return bytes(cv2.imencode(suffix, np.ascontiguousarray(samples[..., order]))[1])


def _either(deep: str, plain: Callable[[Wanted], bytes]) -> Callable[[Wanted], bytes]:
    """16 bits by OpenCV as a file of the suffix `deep`, 8 bits by `plain`."""
    return lambda wanted: _opencv(deep, wanted.samples) if wanted.deep else plain(wanted)


def _avif(wanted: Wanted) -> bytes:
    if not wanted.deep:
        return _pillow("avif", quality=100)(wanted)
    image = pyvips.Image.new_from_array(wanted.samples).copy(interpretation="rgb16")
    return bytes(image.heifsave_buffer(compression="av1", bitdepth=12, lossless=True))


def _heic(wanted: Wanted) -> bytes:
    data = io.BytesIO()
    mode = ("RGBA" if wanted.alpha else "RGB") + (";16" if wanted.deep else "")
    options = {"quality": -1, "chroma": 444, "matrix_coefficients": 0, **wanted.pillow_options}
    pillow_heif.encode(mode, (WIDTH, HEIGHT), wanted.samples.tobytes(), data, **options)
    return data.getvalue()


def _jxl(wanted: Wanted) -> bytes:
    return pyjpegxl.encode_from_numpy(
        wanted.samples,
        lossless=True,
        icc=P3 if wanted.icc else None,
        exif=bytes(4) + exif().removeprefix(b"Exif\0\0") if wanted.exif else None,
    )


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


def _codestream(wanted: Wanted) -> bytes:
    data = _jpeg2000(wanted)
    return data[data.index(b"\xff\x4f\xff\x51") :]


def _jpeg2000(wanted: Wanted) -> bytes:
    data = _either(".jp2", _pillow("jpeg2000"))(Wanted(wanted.deep, wanted.alpha))
    if wanted.icc:
        at = data.index(b"jp2h") - 4
        size = int.from_bytes(data[at : at + 4], "big")
        color = data.index(b"colr") - 4
        old = data[color : color + int.from_bytes(data[color : color + 4], "big")]
        header = data[at + 8 : at + size].replace(old, _box(b"colr", b"\2\0\0" + P3))
        data = data[:at] + _box(b"jp2h", header) + data[at + size :]
    if wanted.exif:
        at = data.index(b"jp2c") - 4
        data = data[:at] + _box(b"uuid", b"JpgTiffExif->JP2" + exif().removeprefix(b"Exif\0\0")) + data[at:]
    return data


def dng(wanted: Wanted = Wanted(), color: tuple[float, float, float] = (0.8, 0.5, 0.2)) -> bytes:
    """A sensor's samples of one color (linear sRGB), or a ramp to it, under light that makes red and blue weak."""
    light = np.array([0.5, 1.0, 0.6])
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    filters = np.where((y % 2 == 0) & (x % 2 == 0), 0, np.where((y % 2 == 1) & (x % 2 == 1), 2, 1))
    ramp = (x + 1) / WIDTH if wanted.deep else 1.0
    samples = ((np.array(color) * light * 16383)[filters] * ramp).astype("<u2").tobytes()
    to_camera = np.diag(light) @ np.linalg.inv(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    matrix = b"".join(struct.pack("<ii", round(value * 10000), 10000) for value in to_camera.ravel())
    neutral = b"".join(struct.pack("<II", round(value * 10000), 10000) for value in light)
    tags = [
        (254, 4, 1, 0),
        (256, 4, 1, WIDTH),
        (257, 4, 1, HEIGHT),
        (258, 3, 1, 16),
        (259, 3, 1, 1),
        (262, 3, 1, 32803),
    ]
    tags += [(271, 2, 5, b"Acme\0"), (272, 2, 7, b"Camera\0"), (273, 4, 1, 8), (274, 3, 1, 1), (277, 3, 1, 1)]
    tags += [(278, 4, 1, HEIGHT), (279, 4, 1, len(samples)), (284, 3, 1, 1), (33421, 3, 2, struct.pack("<HH", 2, 2))]
    tags += [(33422, 1, 4, bytes([0, 1, 1, 2])), (50706, 1, 4, bytes([1, 4, 0, 0])), (50708, 2, 12, b"Acme Camera\0")]
    tags += [(50717, 4, 1, 16383), (50721, 10, 9, matrix), (50728, 5, 3, neutral), (50778, 3, 1, 21)]
    free = 8 + len(samples) + 2 + 12 * len(tags) + 4
    rows, values = b"", b""
    for tag, kind, count, value in tags:
        data = value if isinstance(value, bytes) else struct.pack("<I", value)
        inline = struct.pack("<I", free + len(values)) if len(data) > 4 else data.ljust(4, b"\0")
        values += data + bytes(len(data) % 2) if len(data) > 4 else b""
        rows += struct.pack("<HHI", tag, kind, count) + inline
    head = b"II*\0" + struct.pack("<I", 8 + len(samples))
    return head + samples + struct.pack("<H", len(tags)) + rows + bytes(4) + values


def _netpbm(kind: bytes) -> Callable[[Wanted], bytes]:
    def make(wanted: Wanted) -> bytes:
        most = 65535 if wanted.deep else 255
        size = f"{WIDTH} {HEIGHT}\n{most}\n" if kind == b"P6" else _arbitrary(most, 4 if wanted.alpha else 3)
        return kind + b"\n" + size.encode() + wanted.samples.astype(">u2" if wanted.deep else np.uint8).tobytes()

    return make


def _arbitrary(most: int, depth: int) -> str:
    kind = "RGB_ALPHA" if depth == 4 else "RGB"
    return f"WIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH {depth}\nMAXVAL {most}\nTUPLTYPE {kind}\nENDHDR\n"


def _pbm(wanted: Wanted) -> bytes:
    bits = np.packbits(wanted.samples[..., 0] < 128, axis=1)
    return f"P4\n{WIDTH} {HEIGHT}\n".encode() + bits.tobytes()


def linear(wanted: Wanted = Wanted()) -> Array:
    """The scene as linear light, and in its lower part four times as much."""
    encoded = wanted.samples / 255
    light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    light = np.where(np.arange(HEIGHT)[:, None, None] < HEIGHT // 2, light, light * 4)
    return np.asarray(light, np.float32)


def exr(wanted: Wanted = Wanted(), **header: object) -> bytes:
    light = linear()
    bands = [*np.moveaxis(light, -1, 0)]
    if wanted.alpha:
        alpha = (wanted.samples[..., 3] / 255).astype(np.float32)
        bands = [*(band * alpha for band in bands), alpha]
    channels = {name: np.ascontiguousarray(band) for name, band in zip("RGBA", bands, strict=False)}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "a.exr"
        OpenEXR.File({"compression": OpenEXR.PIZ_COMPRESSION, "type": OpenEXR.scanlineimage, **header}, channels).write(
            str(place)
        )
        return place.read_bytes()


def psd(wanted: Wanted = Wanted(), *, packed: bool = False) -> bytes:
    """The merged picture alone; where it has alpha, put on white, as Photoshop does."""
    samples = wanted.samples.astype(np.float64)
    full = 65535 if wanted.deep else 255
    if wanted.alpha:
        alpha = samples[..., 3:] / full
        samples = np.concatenate([samples[..., :3] * alpha + full * (1 - alpha), samples[..., 3:]], -1)
    dtype = ">u2" if wanted.deep else "u1"
    planes = np.moveaxis(np.rint(samples), -1, 0).astype(dtype)
    resources = b""
    kept = {0x040F: P3 if wanted.icc else b"", 0x0422: exif().removeprefix(b"Exif\0\0") if wanted.exif else b""}
    kept[0x03ED] = struct.pack(">IHHIHH", 300 << 16, 1, 1, 300 << 16, 1, 1)
    for kind, data in kept.items():
        if data:
            resources += b"8BIM" + struct.pack(">HHI", kind, 0, len(data)) + data + bytes(len(data) % 2)
    # No layers, but a count of them below 0: the first channel after the colors is alpha.
    layers = struct.pack(">Ih", 2, -1) + bytes(2) if wanted.alpha else b""
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), HEIGHT, WIDTH, 16 if wanted.deep else 8, 3)
    rows = [row.tobytes() for plane in planes for row in plane]
    body = b"\0\0" + b"".join(rows)
    if packed:
        coded = [
            b"".join(bytes([len(part) - 1]) + part for part in (row[i : i + 128] for i in range(0, len(row), 128)))
            for row in rows
        ]
        body = b"\0\1" + b"".join(struct.pack(">H", len(row)) for row in coded) + b"".join(coded)
    parts = (b"", resources, layers)
    return head + b"".join(struct.pack(">I", len(part)) + part for part in parts) + body


def _layered(kind: str) -> Callable[[Wanted], bytes]:
    def make(wanted: Wanted) -> bytes:
        merged = _either(".png", _pillow("png"))(wanted)
        return archive(kind, merged)

    return make


def archive(kind: str, merged: bytes | None) -> bytes:
    """A KRA or ORA file with this merged picture."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("mimetype", kind)
        if merged is not None:
            file.writestr("mergedimage.png", merged, zipfile.ZIP_DEFLATED)
    return data.getvalue()


KRITA, OPEN_RASTER = "application/x-krita", "image/openraster"
MAKERS: dict[str, Callable[[Wanted], bytes]] = {
    "JPEG": _pillow("jpeg", quality=100, subsampling=0),
    "PNG": _either(".png", _pillow("png")),
    "WebP": _pillow("webp", lossless=True, exact=True),
    "TIFF": _either(".tif", _pillow("tiff")),
    "AVIF": _avif,
    "GIF": _pillow("gif"),
    "HEIC": _heic,
    "JPEG XL": _jxl,
    "RAW": dng,
    "BMP": lambda wanted: _opencv(".bmp", wanted.samples) if wanted.alpha else _pillow("bmp")(wanted),
    "PNM": _netpbm(b"P6"),
    "PBM": _pbm,
    "PAM": _netpbm(b"P7"),
    "PFM": lambda wanted: _opencv(".pfm", linear()),
    "TGA": _pillow("tga"),
    "JPEG 2000": _jpeg2000,
    "JPEG 2000 codestream": _codestream,
    "Radiance HDR": lambda wanted: _opencv(".hdr", linear()),
    "OpenEXR": exr,
    "PSD": psd,
    "KRA": _layered(KRITA),
    "ORA": _layered(OPEN_RASTER),
}
# What the formats can have in a file: more than is kept of some.
POSSIBLE = {
    "JPEG": "icc exif",
    "PNG": "deep alpha icc exif",
    "WebP": "alpha icc exif",
    "TIFF": "deep alpha icc exif",
    "AVIF": "deep alpha icc exif",
    "GIF": "alpha",
    "HEIC": "deep alpha icc exif",
    "JPEG XL": "deep alpha icc exif",
    "RAW": "deep exif",
    "BMP": "alpha",
    "PNM": "deep",
    "PBM": "",
    "PAM": "deep alpha",
    "PFM": "deep",
    "TGA": "alpha",
    "JPEG 2000": "deep alpha icc exif",
    "JPEG 2000 codestream": "deep alpha",
    "Radiance HDR": "deep",
    "OpenEXR": "deep alpha",
    "PSD": "deep alpha icc exif",
    "KRA": "deep alpha icc",
    "ORA": "deep alpha icc",
}
