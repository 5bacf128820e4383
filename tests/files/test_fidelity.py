"""Samples, depth, channels: what goes into a file comes out of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from ganfx.files import SaveOptions, is_picture, open_picture, save_picture, writable_suffix
from ganfx.files.formats import FORMATS
from ganfx.imaging.picture import Picture, PictureInfo

LOSSLESS = {".png": 16, ".tif": 16, ".webp": 8, ".avif": 8}
BEST = SaveOptions(quality=100)


def samples(bits: int, bands: int, size: tuple[int, int] = (31, 45)) -> np.ndarray:
    """Random samples with the extremes among them."""
    dtype = np.uint8 if bits == 8 else np.uint16
    made = np.random.default_rng(bands).integers(0, np.iinfo(dtype).max, (*size, bands), dtype, endpoint=True)
    made[0, 0], made[0, 1] = 0, np.iinfo(dtype).max
    return made


def write(path: Path, stored: np.ndarray) -> Path:
    wide, grey = stored.dtype == np.uint16, stored.shape[2] < 3
    space = ("grey16" if wide else "b-w") if grey else ("rgb16" if wide else "srgb")
    pyvips.Image.new_from_array(stored).copy(interpretation=space).write_to_file(str(path))
    return path


def read(path: Path) -> np.ndarray:
    image = pyvips.Image.new_from_file(str(path), revalidate=True)
    return np.asarray(image).reshape(image.height, image.width, image.bands)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("target", [".png", ".tif"])
@pytest.mark.parametrize("source", [".png", ".tif"])
def test_samples_come_back_exactly(tmp_path: Path, source: str, target: str, bits: int, bands: int) -> None:
    stored = samples(bits, bands)
    picture = open_picture(write(tmp_path / f"in{source}", stored))
    assert (picture.info.bits, picture.info.grey, picture.has_alpha) == (bits, bands < 3, bands in (2, 4))
    assert picture.rgb.dtype == np.float32
    assert save_picture(picture, tmp_path / f"out{target}") == ()
    back = read(tmp_path / f"out{target}")
    assert back.dtype == stored.dtype
    assert np.array_equal(back, stored)


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("suffix", [".webp", ".avif"])
def test_quality_100_is_lossless(tmp_path: Path, suffix: str, bands: int) -> None:
    stored = samples(8, bands)
    picture = open_picture(write(tmp_path / "in.png", stored))
    save_picture(picture, tmp_path / f"out{suffix}", options=BEST)
    assert np.array_equal(read(tmp_path / f"out{suffix}"), stored)


@pytest.mark.parametrize(
    "form", [form for form in FORMATS if form.is_written and form.bits < 16], ids=lambda form: form.name
)
def test_lost_depth_is_said(tmp_path: Path, form: object) -> None:
    picture = open_picture(write(tmp_path / "in.png", samples(16, 3)))
    notes = save_picture(picture, tmp_path / f"out{form.suffixes[0]}")  # type: ignore[attr-defined]
    assert any("bits of the 16" in note for note in notes)


def test_avif_keeps_12_bits(tmp_path: Path) -> None:
    stored = samples(16, 3)
    save_picture(open_picture(write(tmp_path / "in.png", stored)), tmp_path / "out.avif", options=BEST)
    back = open_picture(tmp_path / "out.avif")
    assert back.info.bits == 16
    assert np.abs(back.rgb - stored / 65535).max() <= 1 / 4095


def test_dark_16_bit_is_still_16_bit(tmp_path: Path) -> None:
    dark = samples(16, 3) % 200
    picture = open_picture(write(tmp_path / "in.png", dark))
    assert picture.info.bits == 16
    assert picture.rgb.max() < 200 / 65535


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_small_palettes_and_transparent_entries(tmp_path: Path, bits: int) -> None:
    indices = (np.arange(12 * 16).reshape(12, 16) % 2**bits).astype(np.uint8)
    palette = np.random.default_rng(0).integers(0, 256, (2**bits, 3), np.uint8)
    image = Image.fromarray(indices, "P")
    image.putpalette(palette.tobytes())
    image.save(tmp_path / "in.png", bits=bits, transparency=1)
    picture = open_picture(tmp_path / "in.png")
    assert np.array_equal(np.rint(picture.rgb * 255), palette[indices])
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha == 0, indices == 1)


def test_one_bit_grey(tmp_path: Path) -> None:
    mask = np.random.default_rng(0).random((9, 13)) > 0.5
    Image.fromarray(mask).save(tmp_path / "in.png")
    Image.fromarray(mask).save(tmp_path / "in.tif")
    for name in ("in.png", "in.tif"):
        picture = open_picture(tmp_path / name)
        assert picture.info.grey
        assert np.array_equal(picture.rgb[..., 0], mask)


def test_grey_with_a_transparent_level(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(grey).save(tmp_path / "in.png", transparency=77)
    picture = open_picture(tmp_path / "in.png")
    assert picture.info.grey
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha == 0, grey == 77)


def test_opaque_alpha_channel_stays_in_the_file(tmp_path: Path) -> None:
    stored = samples(8, 4)
    stored[..., 3] = 255
    save_picture(open_picture(write(tmp_path / "in.png", stored)), tmp_path / "out.png")
    assert read(tmp_path / "out.png").shape[2] == 4


def test_colors_under_full_transparency_survive(tmp_path: Path) -> None:
    stored = samples(8, 4)
    stored[..., 3] = 0
    for suffix in LOSSLESS:
        save_picture(open_picture(write(tmp_path / "in.png", stored)), tmp_path / f"out{suffix}", options=BEST)
        assert np.array_equal(read(tmp_path / f"out{suffix}"), stored), suffix


@pytest.mark.parametrize("bands", [2, 4])
def test_jpeg_gets_the_background_and_says_so(tmp_path: Path, bands: int) -> None:
    stored = np.zeros((32, 32, bands), np.uint8)
    stored[:16, :, -1] = 255
    picture = open_picture(write(tmp_path / "in.png", stored))
    notes = save_picture(picture, tmp_path / "out.jpg", options=SaveOptions(quality=95, background=(250, 250, 250)))
    assert any("transparency" in note for note in notes)
    back = read(tmp_path / "out.jpg")
    assert back.shape[2] == bands - 1
    assert back[:12].max() < 5
    assert np.abs(back[20:].astype(int) - 250).max() < 5


def test_premultiplied_tiff_comes_back_straight(tmp_path: Path) -> None:
    straight = samples(8, 4).astype(float)
    straight[..., 3] = np.maximum(straight[..., 3], 128)
    image = pyvips.Image.new_from_array(np.rint(straight).astype(np.uint8)).copy(interpretation="srgb")
    image.tiffsave(str(tmp_path / "in.tif"), premultiply=True)
    picture = open_picture(tmp_path / "in.tif")
    assert np.abs(picture.rgb * 255 - straight[..., :3]).max() <= 2


@pytest.mark.parametrize("grey", [False, True])
def test_float_tiff_is_linear_light_and_stays_what_it_is(tmp_path: Path, grey: bool) -> None:
    linear = np.linspace(0, 4, 3 * 64, dtype=np.float32).reshape(8, 8, 3)[..., : 1 if grey else 3]
    image = pyvips.Image.new_from_array(np.ascontiguousarray(linear))
    image.copy(interpretation="b-w" if grey else "scrgb").tiffsave(str(tmp_path / "in.tif"))
    picture = open_picture(tmp_path / "in.tif")
    assert any("linear" in note for note in picture.info.notes)
    assert picture.info.bits == 32
    for suffix in (".tif", ".exr", ".pfm", ".jxl"):
        assert save_picture(picture, tmp_path / f"out{suffix}", options=BEST) == ()
        assert np.allclose(open_picture(tmp_path / f"out{suffix}").rgb, picture.rgb, atol=1e-5), suffix
    assert any("beyond white" in note for note in save_picture(picture, tmp_path / "out.png"))
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(picture.rgb - expected).max() < 1e-5


def test_only_the_first_frame_or_page_is_read_and_that_is_said(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    for name in ("in.gif", "in.webp", "in.tif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
        picture = open_picture(tmp_path / name)
        assert (picture.width, picture.height) == (8, 8)
        assert picture.rgb[0, 0, 0] > 0.99
        assert any("first of 2" in note for note in picture.info.notes), name


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 5000)])
@pytest.mark.parametrize("form", [form for form in FORMATS if form.is_written], ids=lambda form: form.name)
def test_odd_sizes(tmp_path: Path, form: object, size: tuple[int, int]) -> None:
    if form.name == "HEIC" and size == (3, 5000):  # type: ignore[attr-defined]
        pytest.skip("x265 encodes no such strip")
    rgb = np.full((*size, 3), 0.5, np.float32)
    path = tmp_path / f"out{form.suffixes[0]}"  # type: ignore[attr-defined]
    save_picture(Picture(rgb), path)
    back = open_picture(path)
    assert back.rgb.shape == rgb.shape
    assert np.abs(back.rgb - rgb).max() < 0.02


def test_grey_stays_grey_and_says_nothing(tmp_path: Path) -> None:
    rgb = np.repeat(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1), 3, axis=2)
    for suffix in (".jpg", ".png", ".tif"):
        assert save_picture(Picture(rgb, None, PictureInfo(grey=True)), tmp_path / f"out{suffix}") == ()
        assert read(tmp_path / f"out{suffix}").shape[2] == 1


def test_real_pictures_survive(shared_data: Path, tmp_path: Path) -> None:
    found = [path for path in sorted((shared_data / "real").rglob("*.png"))[:12] if is_picture(path)]
    assert found
    for path in found:
        picture = open_picture(path)
        save_picture(picture, tmp_path / "out.png", overwrite=True)
        again = open_picture(tmp_path / "out.png")
        assert np.abs(again.rgb - picture.rgb).max() <= 1e-6, path.name
        assert again.info.metadata.get("icc") == picture.info.metadata.get("icc")
        assert (again.info.bits, again.has_alpha) == (picture.info.bits, picture.has_alpha)


def test_suffix_follows_name_then_content(tmp_path: Path) -> None:
    made = write(tmp_path / "made.png", samples(8, 3))
    for name, expected in (("a.JPG", ".JPG"), ("a.bin", ".png"), ("a", ".png")):
        (tmp_path / name).write_bytes(made.read_bytes())
        assert writable_suffix(tmp_path / name) == expected
    assert writable_suffix(tmp_path / "absent.xyz") == ".png"


def test_brackets_in_names_are_only_names(tmp_path: Path) -> None:
    stored = samples(8, 3)
    write(tmp_path / "plain.png", stored).rename(tmp_path / "photo[1].png")
    save_picture(open_picture(tmp_path / "photo[1].png"), tmp_path / "out[Q=3].png")
    assert np.array_equal(open_picture(tmp_path / "out[Q=3].png").rgb, stored / np.float32(255))
