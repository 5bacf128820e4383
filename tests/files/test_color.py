"""Color profiles: followed on the way in, gone back to on the way out, clipping nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from ganfx.files import SaveOptions, open_picture, save_picture
from ganfx.files.icc import parse_profile
from ganfx.imaging.color import decode_srgb, encode_srgb
from ganfx.imaging.picture import Picture, PictureInfo
from tests import profiles

WIDE = {
    "display-p3": profiles.rgb_profile(profiles.DISPLAY_P3, profiles.srgb_curve()),
    "adobe-rgb": profiles.rgb_profile(profiles.ADOBE_RGB, profiles.gamma_curve(2.2)),
    "prophoto": profiles.rgb_profile(profiles.PROPHOTO, profiles.parametric_curve(3, 1.8, 1, 0, 1 / 16, 1 / 512)),
    "sampled": profiles.rgb_profile(profiles.ADOBE_RGB, profiles.sampled_curve(np.linspace(0, 1, 1024) ** 2.2)),
}


def write(path: Path, samples: np.ndarray, profile: bytes | None) -> Path:
    """A PNG or TIFF of `samples` as they are, tagged with `profile`, by libvips directly."""
    wide, grey = samples.dtype == np.uint16, samples.shape[2] == 1
    space = ("grey16" if wide else "b-w") if grey else ("rgb16" if wide else "srgb")
    image = pyvips.Image.new_from_array(samples).copy(interpretation=space)
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.write_to_file(str(path))
    return path


def stored(path: Path) -> np.ndarray:
    image = pyvips.Image.new_from_file(str(path))
    return np.asarray(image).reshape(image.height, image.width, image.bands)


def stored_profile(path: Path) -> bytes | None:
    image = pyvips.Image.new_from_file(str(path))
    return image.get("icc-profile-data") if "icc-profile-data" in image.get_fields() else None


def cube(dtype: type, steps: int = 18) -> np.ndarray:
    """All combinations of `steps` levels, dark ones among them, as an RGB picture."""
    full = np.iinfo(dtype).max
    levels = np.unique(np.concatenate([np.linspace(0, full, steps - 4), [1, 2, 5, full - 1]]).astype(dtype))
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(levels.size, -1, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", WIDE)
def test_wide_gamut_survives_a_round_trip(tmp_path: Path, name: str, dtype: type) -> None:
    source = write(tmp_path / "in.tif", cube(dtype), WIDE[name])
    picture = open_picture(source)
    save_picture(picture, tmp_path / "out.tif")
    off = np.abs(stored(tmp_path / "out.tif").astype(int) - stored(source))
    if dtype is np.uint8:
        assert off.max() == 0
    else:
        # A near-black channel beside a bright one is held to what float32 resolves: under 1/1000 of the range.
        assert off.max() <= 64
        assert off[stored(source).min(axis=-1) > 655].max() <= 1
    assert stored_profile(tmp_path / "out.tif") == WIDE[name]
    assert picture.rgb.min() < -0.01 or picture.rgb.max() > 1.01
    assert picture.info.notes == ()


@pytest.mark.parametrize("name", WIDE)
def test_colors_agree_with_littlecms(tmp_path: Path, name: str) -> None:
    muted = (cube(np.uint8) // 4 + 90).astype(np.uint8)
    picture = open_picture(write(tmp_path / "in.png", muted, WIDE[name]))
    own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(WIDE[name])), ImageCms.createProfile("sRGB")
    oracle = ImageCms.profileToProfile(Image.fromarray(muted), own, srgb, renderingIntent=ImageCms.Intent(1))
    inside = np.all((picture.rgb >= 0) & (picture.rgb <= 1), axis=-1)
    assert inside.mean() > 0.5
    assert np.abs(picture.rgb * 255 - np.asarray(oracle))[inside].max() < 1


def test_profiles_that_are_srgb_leave_samples_alone(tmp_path: Path) -> None:
    littlecms = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    own = profiles.rgb_profile(profiles.SRGB, profiles.srgb_curve())
    for profile in (littlecms, own, pyvips.Operation.call("profile_load", "srgb")):
        picture = open_picture(write(tmp_path / "in.png", cube(np.uint8), profile))
        assert np.array_equal(picture.rgb, cube(np.uint8) / np.float32(255))
        save_picture(picture, tmp_path / "out.png", overwrite=True)
        assert stored_profile(tmp_path / "out.png") == profile


def test_untagged_stays_untagged(tmp_path: Path) -> None:
    save_picture(open_picture(write(tmp_path / "in.png", cube(np.uint8), None)), tmp_path / "out.png")
    assert stored_profile(tmp_path / "out.png") is None


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg", ".webp", ".avif"])
def test_damaged_profile_is_kept_or_its_loss_said(tmp_path: Path, suffix: str) -> None:
    damaged = WIDE["display-p3"][:200] + bytes(280)
    picture = open_picture(write(tmp_path / "in.tif", cube(np.uint8), damaged))
    assert np.array_equal(picture.rgb, cube(np.uint8) / np.float32(255))
    assert any("profile" in note for note in picture.info.notes)
    notes = save_picture(picture, tmp_path / f"out{suffix}")
    if suffix == ".png":  # whose encoder would refuse the picture together with such a profile
        assert any("profile" in note for note in notes)
    else:
        assert stored_profile(tmp_path / f"out{suffix}") == damaged


def test_grey_profile_is_followed_and_kept(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32, 1)
    profile = profiles.grey_profile(profiles.gamma_curve(1.8))
    picture = open_picture(write(tmp_path / "in.png", levels, profile))
    assert picture.info.grey
    assert np.allclose(decode_srgb(picture.rgb[..., :1]), (levels / 255) ** (round(1.8 * 256) / 256), atol=1e-5)
    save_picture(picture, tmp_path / "out.png")
    assert np.array_equal(stored(tmp_path / "out.png"), levels)
    assert stored_profile(tmp_path / "out.png") == profile


def test_grey_profile_never_labels_colors(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32, 1)
    picture = open_picture(write(tmp_path / "in.png", levels, profiles.grey_profile(profiles.gamma_curve(1.8))))
    notes = save_picture(picture, tmp_path / "out.webp", options=SaveOptions(quality=100))
    assert any("sRGB" in note for note in notes)
    assert parse_profile(stored_profile(tmp_path / "out.webp") or b"").is_srgb()
    assert np.abs(stored(tmp_path / "out.webp") / 255 - picture.rgb).max() <= 0.51 / 255


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_becomes_srgb_and_says_so(tmp_path: Path, suffix: str, tagged: bool) -> None:
    cmyk = pyvips.Operation.call("profile_load", "cmyk")
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:8, :, 0], inks[8:, :, 3] = 255, 255
    image = Image.fromarray(inks, "CMYK")
    image.save(tmp_path / f"in{suffix}", **({"icc_profile": cmyk} if tagged else {}))
    picture = open_picture(tmp_path / f"in{suffix}")
    cyan, black = picture.rgb[3, 8], picture.rgb[12, 8]
    assert cyan[2] > 0.7
    assert cyan[0] < 0.3
    assert black.max() < 0.25
    assert any("CMYK" in note for note in picture.info.notes)
    save_picture(picture, tmp_path / "out.png")
    assert parse_profile(stored_profile(tmp_path / "out.png") or b"").is_srgb()


def test_srgb_curve_is_odd_and_inverts() -> None:
    linear = np.linspace(-1, 4, 20001, dtype=np.float32)
    encoded = encode_srgb(linear)
    assert np.allclose(encode_srgb(-linear), -encoded, atol=1e-7)
    assert np.allclose(decode_srgb(encoded), linear, atol=2e-6)


def test_gif_gets_srgb_colors(tmp_path: Path) -> None:
    flat = np.full((8, 8, 3), (200, 120, 40), np.uint8)
    picture = open_picture(write(tmp_path / "in.png", flat, WIDE["display-p3"]))
    notes = save_picture(picture, tmp_path / "out.gif")
    assert any("sRGB" in note for note in notes)
    assert np.abs(stored(tmp_path / "out.gif")[0, 0, :3] - np.clip(picture.rgb[0, 0], 0, 1) * 255).max() <= 1


def test_pictures_made_in_memory_need_no_metadata(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).random((5, 7, 3), dtype=np.float32)
    save_picture(Picture(rgb, None, PictureInfo(bits=16)), tmp_path / "out.png")
    assert np.abs(open_picture(tmp_path / "out.png").rgb - rgb).max() <= 0.51 / 65535
