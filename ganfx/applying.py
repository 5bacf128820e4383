"""A filter on a picture in whatever form a program has it: an array, an image of Pillow, a file, or a `Picture`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ganfx import pipeline
from ganfx.errors import OptionError
from ganfx.files import open_picture
from ganfx.files.samples import floats_of, write_samples
from ganfx.imaging.picture import Floats, Mask, Picture, PictureInfo

if TYPE_CHECKING:
    from PIL import Image

Sample = TypeVar("Sample", bound=np.generic)
_CHANNELS = (1, 2, 3, 4)
# Modes of Pillow that are converted first, and to which; those of more bits than `I;16` have no known range.
_CONVERTED = {"1": "L", "P": "RGB", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB"}
_CONVERTED |= {"RGBX": "RGB", "La": "LA", "RGBa": "RGBA"}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@overload
def apply(given: Picture, filter: str, *, mask: Any = None, **options: Any) -> Picture: ...
@overload
def apply(given: NDArray[Sample], filter: str, *, mask: Any = None, **options: Any) -> NDArray[Sample]: ...
@overload
def apply(given: str | os.PathLike[str], filter: str, *, mask: Any = None, **options: Any) -> Picture: ...
@overload
def apply(given: Image.Image, filter: str, *, mask: Any = None, **options: Any) -> Image.Image: ...


def apply(given: Any, filter: str, *, mask: Any = None, **options: Any) -> Any:
    """`given` through the filter called `filter`, in the form in which it was given.

    given     a Picture; an array (H, W), (H, W, 1) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB or (H, W, 4) RGBA of
              uint8 or uint16, or of floats in [0, 1], sRGB-encoded, alpha straight; an image of Pillow, of which what
              stands in its `info` is kept; or the path of a file, of which the result is a Picture with its metadata
    mask      1 = fill, for filters that take one: an array (H, W) of floats in [0, 1], of integers or of bool, or an
              image of Pillow
    options   the filter's own, such as scale=3 or print="30x45cm@300dpi", and those of `ganfx.pipeline.apply`

    An array keeps its type, and its channels unless grey becomes colored or the result transparent. Raises OptionError
    for what is no picture, UnreadableError for a file, MaskError, ModelError or EngineError.
    """
    where = None if mask is None else _mask(mask)
    if isinstance(given, Picture):
        return pipeline.apply(given, filter, mask=where, **options)
    if isinstance(given, str | os.PathLike):
        return pipeline.apply(open_picture(Path(given)), filter, mask=where, **options)
    if _is_pillow(given):
        return _apply_to_image(given, filter, where, options)
    if isinstance(given, np.ndarray):
        made = pipeline.apply(_picture(given), filter, mask=where, **options)
        return _array(made, given.dtype, given.shape)
    raise OptionError(
        f"a {type(given).__name__} is no picture", hint="give an array, an image of Pillow, a path or a Picture"
    )


def _is_pillow(given: object) -> bool:
    return any(f"{kind.__module__}.{kind.__name__}" == "PIL.Image.Image" for kind in type(given).__mro__)


def _picture(array: NDArray[Any]) -> Picture:
    """The picture in an array as `apply` takes it."""
    samples = array[..., None] if array.ndim == 2 else array
    if samples.ndim != 3 or samples.shape[2] not in _CHANNELS or not samples.size:
        raise OptionError(f"an array of shape {array.shape} is no picture", hint="it is (H, W) or (H, W, 1 to 4)")
    if array.dtype not in (np.uint8, np.uint16) and array.dtype.kind != "f":
        raise OptionError(f"samples of type {array.dtype} are not supported", hint="uint8, uint16, or floats 0 to 1")
    values = floats_of(samples)
    colors, has_alpha = (1 if samples.shape[2] < 3 else 3), samples.shape[2] in (2, 4)
    rgb = np.repeat(values[..., :1], 3, axis=2) if colors == 1 else values[..., :3]
    info = PictureInfo(bits=8 if array.dtype == np.uint8 else 16, grey=colors == 1)
    return Picture(np.ascontiguousarray(rgb), np.clip(values[..., -1], 0, 1) if has_alpha else None, info)


def _array(picture: Picture, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The samples of `picture` in an array of `dtype`, with the channels of an array of `shape` where they suffice."""
    colors = picture.rgb[..., :1] if picture.info.grey else picture.rgb
    has_alpha = picture.has_alpha or (len(shape) == 3 and shape[2] in (2, 4))
    parts = [colors]
    if has_alpha:
        opaque = np.ones(picture.rgb.shape[:2], np.float32) if picture.alpha is None else picture.alpha
        parts.append(opaque[..., None])
    values: Floats = np.concatenate(parts, axis=2)
    if dtype.kind == "f":
        made = values.astype(dtype)
    else:
        made = np.empty(values.shape, dtype)
        write_samples(made, values)
    return made[..., 0] if len(shape) == 2 and made.shape[2] == 1 else made


def _mask(mask: Any) -> Mask:
    """The mask (H, W) in [0, 1] in an array or an image of Pillow."""
    array = np.asarray(mask.convert("L") if _is_pillow(mask) else mask)
    return floats_of(array) if array.dtype.kind in "uf" else np.asarray(array, np.float32)


def _apply_to_image(image: Image.Image, filter: str, mask: Mask | None, options: dict[str, Any]) -> Image.Image:
    from PIL import Image as Pillow

    mode = "RGBA" if image.mode == "P" and "transparency" in image.info else _CONVERTED.get(image.mode, image.mode)
    if mode not in (*_MODES.values(), "I;16"):
        raise OptionError(f"an image of mode {image.mode} has no known range", hint='convert it: image.convert("RGB")')
    given = np.asarray(image.convert(mode) if mode != image.mode else image)
    picture = pipeline.apply(_picture(given), filter, mask=mask, **options)
    made = _array(picture, given.dtype, given.shape)
    if mode == "I;16" and made.ndim == 3:
        # Pillow has no colors of 16 bits.
        made = _array(picture, np.dtype(np.uint8), given.shape)
    result = Pillow.fromarray(made)
    result.info = {key: value for key, value in image.info.items() if key != "transparency"}
    if dpi := picture.info.metadata.get("dpi"):
        result.info["dpi"] = dpi
    return result
