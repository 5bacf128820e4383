"""Reference pictures, and degraded ones made of them reproducibly."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ganfx.errors import OptionError, PictureSizeError
from ganfx.evaluation.resample import bicubic, fitted
from ganfx.files import is_picture, open_picture
from ganfx.imaging.picture import Floats

# Perceptual metrics keep a whole picture's activations: of larger pictures the middle is used.
MAX_SIDE = 1024
MIN_SIDE = 64


@dataclass(frozen=True)
class Sample:
    """One picture of a set, not read yet."""

    set: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    def read(self, multiple_of: int = 1, max_side: int = MAX_SIDE) -> Floats:
        """The good picture (H, W, 3), 8-bit values in [0, 1]: its `middle`.

        Raises PictureSizeError where it is smaller than MIN_SIDE, and what `ganfx.files` raises.
        """
        return eight_bit(middle(_large_enough(open_picture(self.path).rgb), multiple_of, max_side))

    def shrunk(self, max_side: int) -> Floats:
        """All of the good picture (H, W, 3), 8-bit values in [0, 1], by area to a long side of `max_side` at most.

        Raises PictureSizeError where it is smaller than MIN_SIDE then, and what `ganfx.files` raises.
        """
        return eight_bit(_large_enough(fitted(open_picture(self.path).rgb, max_side)))

    def narrowed(self, side: int) -> Floats:
        """All of the good picture (H, W, 3), 8-bit values in [0, 1], by area to a short side of `side` at most.

        Raises PictureSizeError where it is smaller than MIN_SIDE, and what `ganfx.files` raises.
        """
        rgb = _large_enough(open_picture(self.path).rgb)
        return eight_bit(fitted(rgb, round(side * max(rgb.shape[:2]) / min(rgb.shape[:2]))))


def _large_enough(rgb: Floats) -> Floats:
    height, width = rgb.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise PictureSizeError(f"{width}x{height} is too small to judge by", hint=f"{MIN_SIDE} pixels a side will do")
    return rgb


def middle(pixels: Floats, multiple_of: int = 1, max_side: int = MAX_SIDE) -> Floats:
    """The middle of (H, W, ...): sides up to `max_side`, multiples of `multiple_of`."""
    height, width = pixels.shape[:2]
    return pixels[_middle(height, multiple_of, max_side), _middle(width, multiple_of, max_side)]


def _middle(side: int, multiple_of: int, max_side: int) -> slice:
    """The part of a side that is kept; a remainder to a multiple is cut from the end."""
    kept = min(side, max_side)
    start = (side - kept) // 2
    return slice(start, start + kept - kept % multiple_of)


def check_names(names: Collection[str], known: Collection[str], what: str) -> None:
    """Raises OptionError, in which `what` says what is named, where one of `names` is not `known`."""
    for name in names:
        if name not in known:
            raise OptionError(f"no {what} {name!r}", hint=f"there are {', '.join(known)}")


def samples_of(sets: Sequence[Path], limit: int | None = None, without: Collection[Path] = ()) -> list[Sample]:
    """The first `limit` pictures, by name, of each folder, but none of the files `without` (resolved paths).

    Raises OptionError where there are no pictures.
    """
    samples: list[Sample] = []
    for folder in sets:
        if not folder.is_dir():
            raise OptionError(f"{folder}: no such folder", hint="a set is a folder of good pictures")
        paths = sorted(path for path in folder.iterdir() if is_picture(path) and path.resolve() not in without)
        if not paths:
            raise OptionError(f"{folder}: no pictures there", hint="a set is a folder of good pictures")
        name = folder.resolve().name
        if any(sample.set == name for sample in samples):
            raise OptionError(f"two sets are called {name!r}", hint="rename one of the folders")
        samples += [Sample(name, path) for path in paths[:limit]]
    return samples


def eight_bit(rgb: Floats) -> Floats:
    """rgb clipped to [0, 1] and rounded to what an 8-bit file can hold."""
    return np.asarray(np.rint(np.clip(rgb, 0, 1) * 255) / 255, np.float32)


def clean(high_res: Floats, scale: int, random: np.random.Generator) -> Floats:
    """Antialiased bicubic, as in super-resolution papers."""
    height, width = high_res.shape[:2]
    return bicubic(high_res, height // scale, width // scale)


def camera(high_res: Floats, scale: int, random: np.random.Generator) -> Floats:
    """A camera's softness, noise and JPEG: blur of sigma 0.4-1.2 before shrinking, noise of 1-6 grey levels,
    quality 55-90 with 4:2:0 chroma. Half of the pictures are shrunk by area, half by bicubic."""
    height, width = high_res.shape[:2]
    soft: Floats = np.asarray(cv2.GaussianBlur(high_res, (0, 0), random.uniform(0.4, 1.2)), np.float32)
    if random.integers(2):
        small = np.asarray(cv2.resize(soft, (width // scale, height // scale), interpolation=cv2.INTER_AREA))
    else:
        small = bicubic(soft, height // scale, width // scale)
    noise = np.asarray(random.normal(0, random.uniform(1, 6) / 255, small.shape), np.float32)
    return _through_jpeg(eight_bit(small + noise), round(random.uniform(55, 90)))


def worn(high_res: Floats, scale: int, random: np.random.Generator) -> Floats:
    """Two rounds of what pictures go through: blur of sigma 0.4-1.6 in pixels of the size so far, a resize to 1-1.6
    times the final size and then to it, noise of sigma 4-22 and then 0-5 in levels of 255 (in 60 % of the rounds
    colored), JPEG of quality 40-85 and then 35-80 with 4:2:0 chroma."""
    height, width = high_res.shape[0] // scale, high_res.shape[1] // scale
    factor = random.uniform(1, 1.6)
    rounds = (
        (round(height * factor), round(width * factor), (4, 22), (40, 85)),
        (height, width, (0, 5), (35, 80)),
    )
    image = high_res
    for rows, columns, sigmas, qualities in rounds:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 1.6)), np.float32)
        image = bicubic(image, rows, columns)
        channels = 3 if random.random() < 0.6 else 1
        spread = random.uniform(*sigmas) / 255
        noise = np.asarray(random.normal(0, spread, (rows, columns, channels)), np.float32)
        image = _through_jpeg(eight_bit(image + noise), round(random.uniform(*qualities)))
    return image


def noisy(picture: Floats, scale: int, random: np.random.Generator) -> Floats:
    """White noise of sigma 25 in levels of 255, at the picture's size."""
    return eight_bit(picture + np.asarray(random.normal(0, 25 / 255, picture.shape), np.float32))


def compressed(picture: Floats, scale: int, random: np.random.Generator) -> Floats:
    """JPEG of quality 20 with 4:2:0 chroma, at the picture's size."""
    return _through_jpeg(picture, 20)


def _through_jpeg(rgb: Floats, quality: int) -> Floats:
    pixels = np.rint(rgb[..., ::-1] * 255).astype(np.uint8)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    settings += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    _, stored = cv2.imencode(".jpg", pixels, settings)
    decoded = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR))
    return np.asarray(decoded[..., ::-1] / 255, np.float32)


Degradation = Callable[[Floats, int, np.random.Generator], Floats]
# For upscalers, and for cleaners.
DEGRADATIONS: dict[str, Degradation] = {"clean": clean, "camera": camera, "worn": worn}
WEAR: dict[str, Degradation] = {"noise": noisy, "jpeg": compressed, "worn": worn, "none": clean}


def degrade(high_res: Floats, scale: int, degradation: str, name: str) -> Floats:
    """rgb (H, W, 3) -> (H / scale, W / scale, 3), 8-bit values in [0, 1]; seeded by `name` alone."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    return eight_bit((DEGRADATIONS | WEAR)[degradation](high_res, scale, random))
