"""Masks as people have them: any depth and kind of picture, transparency, or a color painted over a copy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

from ganfx.errors import MaskError, OptionError, UnreadableError
from ganfx.files import MaskSource, mask_of_alpha, mask_of_color, open_reader, parse_color, read_mask
from tests import profiles

HEIGHT, WIDTH = 20, 30
HOLE = np.zeros((HEIGHT, WIDTH), bool)
HOLE[4:9, 10:25] = True
BYTES = HOLE.astype(np.uint8) * 255
MAGENTA = (255, 0, 255)

KINDS = {
    "grey.png": Image.fromarray(BYTES),
    "bit.png": Image.fromarray(BYTES).convert("1"),
    "rgb.png": Image.fromarray(BYTES).convert("RGB"),
    "palette.gif": Image.fromarray(BYTES).convert("P"),
    "opaque.png": Image.fromarray(BYTES).convert("RGBA"),
    "deep.png": Image.fromarray(BYTES.astype(np.uint16) * 257),
    "bit.tif": Image.fromarray(BYTES).convert("1"),
    "rgb.webp": Image.fromarray(BYTES).convert("RGB"),
}


def saved(path: Path, samples: NDArray[np.uint8], **extra: object) -> Path:
    Image.fromarray(samples).save(path, **extra)
    return path


@pytest.mark.parametrize("name", KINDS)
def test_white_is_filled_in_every_kind_of_file(tmp_path: Path, name: str) -> None:
    KINDS[name].save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    mask = read_mask(tmp_path / name, (WIDTH, HEIGHT))
    assert mask.dtype == np.float32
    assert np.array_equal(mask, HOLE)


def test_what_is_transparent_in_a_mask_is_kept(tmp_path: Path) -> None:
    samples = np.dstack([np.full((HEIGHT, WIDTH, 3), 255, np.uint8), BYTES])
    assert np.array_equal(read_mask(saved(tmp_path / "m.png", samples), (WIDTH, HEIGHT)), HOLE)


def test_a_masks_profile_does_not_shift_its_greys(tmp_path: Path) -> None:
    grey = np.full((HEIGHT, WIDTH), 51, np.uint8)
    path = saved(tmp_path / "m.png", grey, icc_profile=profiles.grey_profile(profiles.gamma_curve(1.0)))
    np.testing.assert_allclose(read_mask(path, (WIDTH, HEIGHT)), 0.2, atol=1e-6)


def test_a_turned_mask_fits_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "m.png", np.ascontiguousarray(np.rot90(BYTES)), exif=exif)
    assert np.array_equal(read_mask(path, (WIDTH, HEIGHT)), HOLE)


def test_a_mask_of_another_size_names_both(tmp_path: Path) -> None:
    with pytest.raises(MaskError) as failure:
        read_mask(saved(tmp_path / "m.png", BYTES), (800, 600))
    assert str(failure.value) == "mask is 30x20, image is 800x600"


def test_a_mask_that_cannot_be_read_is_named_itself(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_text("no picture")
    with pytest.raises(UnreadableError, match=r"m\.png"):
        read_mask(tmp_path / "m.png", (WIDTH, HEIGHT))


def test_transparency_is_a_mask(tmp_path: Path) -> None:
    alpha = np.where(HOLE, 0, 255).astype(np.uint8)
    alpha[4, 10] = 51
    samples = np.dstack([np.full((HEIGHT, WIDTH, 3), 90, np.uint8), alpha])
    with open_reader(saved(tmp_path / "a.png", samples)) as reader:
        mask = mask_of_alpha(reader)
    assert np.array_equal(mask > 0, HOLE)
    assert mask[4, 10] == pytest.approx(0.8)


def test_a_picture_without_alpha_says_so(tmp_path: Path) -> None:
    with open_reader(saved(tmp_path / "a.png", BYTES)) as reader, pytest.raises(MaskError, match="no alpha"):
        mask_of_alpha(reader)


def painted() -> NDArray[np.uint8]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    photo = np.dstack([x * 255 // WIDTH, y * 255 // HEIGHT, x * 0 + 60]).astype(np.uint8)
    photo[HOLE] = MAGENTA
    return photo


@pytest.mark.parametrize("color", ["#ff00ff", "FF00FF", "#f0f"])
def test_what_is_painted_over_is_filled(tmp_path: Path, color: str) -> None:
    with open_reader(saved(tmp_path / "a.png", painted())) as reader:
        assert np.array_equal(mask_of_color(reader, color), HOLE)
    assert np.array_equal(read_mask(tmp_path / "a.png", (WIDTH, HEIGHT), color=color), HOLE)


def test_paint_is_found_in_sixteen_bits_and_under_a_wide_profile(tmp_path: Path) -> None:
    deep = painted().astype(np.uint16) * 257
    image = pyvips.Image.new_from_array(deep).copy(interpretation="rgb16")
    profile = profiles.rgb_profile(profiles.PROPHOTO, profiles.gamma_curve(1.8))
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.tiffsave(str(tmp_path / "a.tif"))
    with open_reader(tmp_path / "a.tif") as reader:
        assert np.array_equal(mask_of_color(reader, "#ff00ff"), HOLE)


def test_jpeg_does_not_hide_the_paint(tmp_path: Path) -> None:
    with open_reader(saved(tmp_path / "a.jpg", painted().repeat(8, 0).repeat(8, 1), quality=80)) as reader:
        mask = mask_of_color(reader, "#ff00ff")
    # Colors are stored at half the resolution: only the rim may be missed.
    assert mask[36:68, 84:196].all()
    assert not mask[~HOLE.repeat(8, 0).repeat(8, 1)].any()


@pytest.mark.parametrize("color", ["magenta", "#ff00f", "", "#gg00ff"])
def test_what_is_no_color_is_refused(color: str) -> None:
    with pytest.raises(OptionError, match="is not a color"):
        parse_color(color)


def test_a_source_reads_the_mask_it_stands_for(tmp_path: Path) -> None:
    file = saved(tmp_path / "mask.png", BYTES)
    alpha = np.dstack([painted(), 255 - BYTES])
    with (
        open_reader(saved(tmp_path / "a.png", alpha)) as reader,
        open_reader(saved(tmp_path / "b.png", painted())) as b,
    ):
        assert np.array_equal(MaskSource(file).read(reader), HOLE)
        assert np.array_equal(MaskSource().read(reader), HOLE)
        assert np.array_equal(MaskSource(None, "#ff00ff").read(b), HOLE)
        assert np.array_equal(MaskSource(tmp_path / "b.png", "#ff00ff").read(reader), HOLE)
