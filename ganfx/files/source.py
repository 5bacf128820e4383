"""Files opened by libvips as upright grey or RGB images, and their samples, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from ganfx.errors import UnreadableError
from ganfx.files.animations.avif_frames import is_sequence
from ganfx.files.animations.opening import frames_of, open_frame
from ganfx.files.animations.png_frames import count_frames
from ganfx.files.budget import check_header
from ganfx.files.decoding import decoded
from ganfx.files.formats import FORMATS, WRITABLE, Codec, Format
from ganfx.files.regular import open_regular
from ganfx.files.signatures import check_open, foreign_format
from ganfx.files.vips import opened, reading

# Bytes decoded at a time; fewer in `Rows.rest`, whose chunks are converted to floats, which takes several copies.
_CHUNK_BYTES = 16 * 2**20
_REST_CHUNK_BYTES = 4 * 2**20
# Rows decoded at a time, too: where one fails, libvips goes on with all others that were asked for, in quadratic time.
_CHUNK_ROWS = 512
_DTYPES = {"uchar": np.uint8, "ushort": np.uint16, "uint": np.uint32, "float": np.float32, "double": np.float64}
_AVIF = WRITABLE[".avif"]
_GREY, _RGB, _CMYK = ("b-w", "grey16"), ("srgb", "rgb", "rgb16", "scrgb"), ("cmyk",)


def sniff(path: Path) -> Format | None:
    """The format of the file at `path`, by its content; None where it is not one of `FORMATS`."""
    with open_regular(path) as file, reading():
        if form := foreign_format(file, path.suffix):
            return form
    with opened(path) as source:
        found = pyvips.vips_lib.vips_foreign_find_load_source(pyvips.ffi.cast("VipsSource *", source.pointer))
        if found == pyvips.ffi.NULL:
            return _AVIF if is_sequence(path) else None
        loader = pyvips.nickname_find(pyvips.type_from_name(pyvips.ffi.string(found).decode()))
    return next((form for form in FORMATS if f"{form.loader}_source" == loader), None)


def checked_format(path: Path) -> Format:
    """The format of the picture at `path`.

    Raises UnsupportedError where it is of a kind that stays closed, UnreadableError where it is no picture.
    """
    with open_regular(path) as file, reading():
        if not file.read(1):
            raise UnreadableError("the file is empty (0 bytes)", hint="copy or download it again")
        check_open(file)
    form = sniff(path)
    if form is None:
        known = ", ".join(form.name for form in FORMATS)
        raise UnreadableError("not a picture of a known kind", hint=f"readable: {known}")
    return form


def _loader(form: Format) -> str:
    assert isinstance(form.loader, str)
    return f"{form.loader}_source"


def open_upright(
    path: Path, form: Format, *, is_own: bool = False, frame: int | None = None
) -> tuple[pyvips.Image, tuple[str, ...]]:
    """The first picture in the file as a grey or RGB image, with or without alpha, and notes on what was changed.

    `frame`, counted from 1, is the one of an animation that is wanted instead.

    It can be read from the top down once; a picture that has to be rotated is decoded by libvips first, into memory or
    a temporary file. `is_own` is whether ganfx wrote it, see `check_header`.
    Raises UnreadableError, UnsupportedError or PictureSizeError.
    """
    with reading():
        frames = frames_of(path, form) if frame is not None or (form is _AVIF and is_sequence(path)) else None
        if frames:
            return open_frame(frames, frame or 1), () if frame else _frames_note(len(frames.timing.durations))
        if frame not in (None, 1):
            raise UnreadableError(f"there is no frame {frame}: it is a single picture", hint="leave out --frame")
    if isinstance(form.loader, Codec):
        return _open_decoded(path, form, is_own)
    with reading():
        image = _load(path, form, "sequential")
        _check(image, form, is_own)
        notes = _notes(image)
        if form.name == "PNG" and frame is None:
            notes += _frames_note(count_frames(path))
        if _orientation(image) > 1:
            image = _load(path, form, "random").autorot()
        return (_from_cmyk(image) if image.interpretation in _CMYK else image), notes


def _open_decoded(path: Path, form: Format, is_own: bool) -> tuple[pyvips.Image, tuple[str, ...]]:
    """The picture in a file that libvips does not read; the image may be read in any order, any number of times."""
    with reading():
        image, notes = decoded(path, form, is_own=is_own)
        _check_kind(image)
        notes += _cmyk_notes(image)
        image = image.autorot()
        return (_from_cmyk(image) if image.interpretation in _CMYK else image), notes


def _load(path: Path, form: Format, access: str) -> pyvips.Image:
    with opened(path) as source:
        image: pyvips.Image = pyvips.Operation.call(_loader(form), source, access=access, fail_on="error")
    return image


def _orientation(image: pyvips.Image) -> int:
    return int(image.get("orientation")) if image.get_typeof("orientation") else 1


def _check(image: pyvips.Image, form: Format, is_own: bool) -> None:
    check_header(image, form, is_own=is_own)
    _check_kind(image)


def _check_kind(image: pyvips.Image) -> None:
    if image.interpretation not in _GREY + _RGB + _CMYK or image.format not in _DTYPES:
        kind = f"{image.interpretation} with samples of type {image.format}"
        raise UnreadableError(f"colors of the kind {kind} are not supported", hint="convert it to RGB first")
    if image.bands - image.hasalpha() != (1 if image.interpretation in _GREY else 4 if _is_cmyk(image) else 3):
        raise UnreadableError(f"{image.bands} channels are not supported", hint="convert it to RGB first")


def _is_cmyk(image: pyvips.Image) -> bool:
    return image.interpretation in _CMYK


def _frames_note(count: int) -> tuple[str, ...]:
    return (f"only the first of {count} frames or pages is read",) if count > 1 else ()


def _notes(image: pyvips.Image) -> tuple[str, ...]:
    notes = [*_frames_note(int(image.get("n-pages")) if image.get_typeof("n-pages") else 1)]
    if image.format == "uint":
        notes.append("32-bit samples are saved with at most 16 bits")
    elif image.format in ("float", "double") and not _has_profile(image):
        notes.append("floats without a color profile are taken as linear light")
    return (*notes, *_cmyk_notes(image))


def _cmyk_notes(image: pyvips.Image) -> tuple[str, ...]:
    own = "through its profile" if _has_profile(image) else "without a profile of its own"
    return (f"CMYK was converted to sRGB, {own}",) if _is_cmyk(image) else ()


def _has_profile(image: pyvips.Image) -> bool:
    return bool(image.get_typeof("icc-profile-data"))


def _from_cmyk(image: pyvips.Image) -> pyvips.Image:
    depth = 8 if image.format == "uchar" else 16
    image = image.icc_transform(
        "srgb", embedded=True, input_profile="cmyk", intent="relative", black_point_compensation=True, depth=depth
    )
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", pyvips.Operation.call("profile_load", "srgb"))
    return image


def color_bands(image: pyvips.Image) -> int:
    """1 where the image is grey, else 3."""
    return 1 if image.interpretation in _GREY else 3


class Rows:
    """The rows of an image that can be decoded only once, from the top down.

    The samples fetched last are kept, so that the next range may overlap them.
    """

    def __init__(self, image: pyvips.Image, reopen: Callable[[], pyvips.Image]) -> None:
        self._reopen = reopen
        self._begin(image)

    def _begin(self, image: pyvips.Image) -> None:
        self._image, self._region = image, pyvips.Region.new(image)
        self._end = 0
        self._kept: list[tuple[int, NDArray[Any]]] = []

    def fetch(self, top: int, bottom: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """The samples of the rows from `top` up to `bottom`, in chunks: (number of the first row, (rows, W, bands))."""
        if top < (self._kept[0][0] if self._kept else self._end):
            self._begin(self._reopen())
        self._kept = [(at, raw) for at, raw in self._kept if at + len(raw) > top]
        while self._end < top:
            self._decode(top)
        for at, raw in self._kept:
            if at < bottom:
                yield max(at, top), raw[max(top - at, 0) : bottom - at]
        while self._end < bottom:
            self._kept.append(self._decode(bottom))
            yield self._kept[-1]

    def rest(self) -> Iterator[NDArray[Any]]:
        """The samples of all rows below those decoded, in chunks (rows, W, bands); none of them is kept."""
        while self._end < self._image.height:
            yield self._decode(self._image.height, _REST_CHUNK_BYTES)[1]

    def _decode(self, bottom: int, most_bytes: int = 0) -> tuple[int, NDArray[Any]]:
        image, top = self._image, self._end
        dtype = np.dtype(_DTYPES[image.format])
        row_bytes = image.width * image.bands * dtype.itemsize
        count = min(max((most_bytes or _CHUNK_BYTES) // row_bytes, 1), _CHUNK_ROWS, bottom - top)
        data = self._region.fetch(0, top, image.width, count)
        self._end = top + count
        return top, np.frombuffer(data, dtype).reshape(count, image.width, image.bands)

    def close(self) -> None:
        """Close the file and drop the rows kept."""
        self._kept, self._region, self._image = [], None, None
