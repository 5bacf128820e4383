"""`ganfx.apply` returns the form that it was given, and nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganfx
from ganfx.errors import OptionError
from ganfx.imaging.picture import Picture
from tests import graphs


@pytest.fixture
def double(tmp_path: Path) -> str:
    return str(graphs.nearest(tmp_path / "double.onnx", 2))


def samples(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    random = np.random.default_rng(len(shape))
    if np.dtype(dtype).kind == "f":
        return random.random(shape).astype(dtype)
    return random.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def doubled(array: np.ndarray) -> np.ndarray:
    return array.repeat(2, 0).repeat(2, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 3)])
def test_an_array_keeps_its_type_and_channels(double: str, shape: tuple[int, ...], dtype: Any) -> None:
    given = samples(shape, dtype)
    made = ganfx.apply(given, "upscale", model=double, clean=0)
    assert made.dtype == given.dtype
    assert made.shape == doubled(given).shape
    step = 1 if made.dtype.kind == "u" else 1e-5
    assert np.abs(made.astype(np.float64) - doubled(given)).max() <= step


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_comes_back_as_alpha(double: str, channels: int) -> None:
    given = np.full((9, 7, channels), 200, np.uint8)
    given[:4, :, -1] = 0
    made = ganfx.apply(given, "upscale", model=double, clean=0)
    assert made.shape == (18, 14, channels)
    assert (made[:6, :, -1] == 0).all()
    assert (made[11:] == 200).mean() > 0.99


@pytest.mark.parametrize(
    ("mode", "back"), [("RGB", "RGB"), ("RGBA", "RGBA"), ("L", "L"), ("LA", "LA"), ("I;16", "I;16")]
)
def test_an_image_of_pillow_keeps_its_mode_and_what_belongs_to_it(double: str, mode: str, back: str) -> None:
    image = Image.new(mode, (7, 9), 90 if mode in ("L", "I;16") else (90,) * len(mode))
    image.info["icc_profile"] = b"a profile"
    made = ganfx.apply(image, "upscale", model=double, clean=0)
    assert (made.mode, made.size) == (back, (14, 18))
    assert made.info["icc_profile"] == b"a profile"
    assert made.getpixel((5, 5)) == image.getpixel((2, 2))


def test_palettes_become_colors_and_other_modes_say_what_to_do(double: str) -> None:
    palette = Image.new("P", (7, 9), 3)
    assert ganfx.apply(palette, "upscale", model=double, clean=0).mode == "RGB"
    with pytest.raises(OptionError, match="mode F"):
        ganfx.apply(Image.new("F", (7, 9)), "upscale", model=double)


def test_a_file_becomes_a_picture_with_its_metadata(double: str, tmp_path: Path) -> None:
    Image.new("RGB", (7, 9), (1, 2, 3)).save(tmp_path / "a.png", dpi=(200, 200))
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        made = ganfx.apply(path, "upscale", model=double, clean=0)
        assert isinstance(made, Picture)
        assert (made.width, made.info.metadata["dpi"]) == (14, pytest.approx((200, 200), abs=0.1))


def test_masks_are_bits_numbers_or_images(tmp_path: Path) -> None:
    model = str(graphs.constant_fill(tmp_path / "fill.onnx", (1, 0, 0)))
    given = samples((40, 40, 3), np.uint8)
    mask = np.zeros((40, 40), bool)
    mask[10:20, 10:20] = True
    results = [
        ganfx.apply(given, "inpaint", mask=form, model=model)
        for form in (mask, mask.astype(np.float32), mask.astype(np.uint8) * 255, Image.fromarray(mask))
    ]
    assert all(np.array_equal(result, results[0]) for result in results)
    assert np.array_equal(results[0][~mask], given[~mask])


def test_grey_becomes_colored_where_that_is_the_work(tmp_path: Path) -> None:
    model = str(graphs.one_color(tmp_path / "green.onnx", (-20, 10)))
    assert ganfx.apply(samples((9, 7), np.uint8), "colorize", model=model).shape == (9, 7, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "NoneType is no picture"),
        (np.zeros((3, 3, 5)), r"shape \(3, 3, 5\)"),
        (np.zeros((0, 3, 3)), r"shape \(0, 3, 3\)"),
        (np.zeros(3), "shape"),
        (np.zeros((3, 3), np.int64), "int64"),
        (np.zeros((3, 3), bool), "bool"),
    ],
)
def test_what_is_no_picture_is_said(given: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        ganfx.apply(given, "upscale")
